"""Starts bulkops from a fresh checkout, with nothing but Python 3.11 or newer.

    python run.py desktop Kickouts.xlsx  the window, by itself; over when it is up. What the launchers call
    python run.py check Kickouts.xlsx    any bulkops command; without one, bulkops without arguments
    python run.py test                   the tests, side by side; with arguments, pytest is given just those
    python run.py set-up                 nothing but the set-up

The first start makes a virtual environment of exactly what requirements.lock names; later starts only compare a stamp.
The first test adds what requirements-dev.lock names. Set-up talks on stderr, so that stdout belongs to bulkops.
Exit 2: could not start, nothing was sent.
"""
# All of this file must parse on Python 3.6, so that an old Python prints too_old()'s sentence and no SyntaxError.
# Rare imports stay in functions: each costs a warm start some milliseconds.

import errno
import hashlib
import os
import re
import subprocess
import sys
import time

OLDEST = (3, 11)
OLDEST_PIP = (22, 3)  # the first with --python
LOCK, LOG, WINDOW_LOG = "setup.lock", "setup.log", "window.log"
STAMPS = {"requirements.lock": "setup.stamp", "requirements-dev.lock": "test.stamp"}
PROGRAM, TESTS = STAMPS  # what an operator needs, and what the tests need beside it
RUNNING = "replaced-python-"
WINDOWS = os.name == "nt"
CHECKOUT = os.path.dirname(os.path.abspath(__file__))
FIRST_START = os.path.join(CHECKOUT, "bulkops", "desktop", "first_start.py")
THIS = f"{sys.version_info[0]}.{sys.version_info[1]}"

# What pip (or the operating system) says -> what the person can do. The first that matches wins: a full disk also
# shows up as failed downloads, and a package "without any version" is in truth a server that was not reached.
FAILURES = r"""
failed to map segment|ImportError: .*Operation not permitted
    The disk on which bulkops was set up does not let programs run from it. Copy the bulkops folder to another place,
    for example your home folder, and start again.
ModuleNotFoundError
    The packages were put somewhere else than pip was asked to put them, or not at all. Show IT the settings of pip on
    this computer (pip config list).
Errno 28\]|No space left|WinError 112\]|Errno 122\]|quota exceeded
    The disk is full. bulkops needs about 400 MB; make room, then start again.
DO NOT MATCH THE HASHES
    A downloaded package is not the one bulkops was tested with (its checksum differs), so it was left out. Start
    again; if it stays, tell IT: a proxy or package mirror may have changed the file.
CERTIFICATE_VERIFY_FAILED|SSLError|confirming the ssl certificate
    The package server's certificate is not trusted here. In a company network ask IT for its certificate file and
    name it in the variable PIP_CERT, then start again.
Errno 13\]|Errno 1\]|Errno 30\]|WinError (5|32)\]|Permission denied|Access is denied
    No permission to write the files bulkops needs. Close every bulkops window and start again; if it stays, copy the
    bulkops folder to a place of your own, or ask IT.
Retrying \(|ConnectionError|ProxyError|TimeoutError|Proxy Authentication|from versions: none
    bulkops cannot reach the package server, which the first start needs. Check the network; behind a proxy ask IT for
    its address (PIP_PROXY) or for the company's package server (PIP_INDEX_URL), and start again.
No matching distribution found for
    A package bulkops needs does not exist for this Python ({python}). Install Python 3.13 (64 bit) from python.org
    and start again with it.
"""
NO_PIP = (
    f"This Python ({THIS}) comes without pip {OLDEST_PIP[0]}.{OLDEST_PIP[1]} or newer, which the first start needs. "
    "Debian or Ubuntu: sudo apt install python3-venv python3-pip. Elsewhere: install Python 3.13 from python.org. "
    "Then start again."
)
NOT_OURS = (
    "Others can change the programs that bulkops would run with your key. Have IT see to it that this folder is yours, "
    "and that nobody else can write in it, or delete it: "
)
WHY = {PROGRAM: "First start: setting up bulkops", TESTS: "First test: adding what the tests need"}
NO_WINDOW = "The window of bulkops did not open. Start again; if it stays, show IT the file named below."


class CannotStart(Exception):
    """The sentence to show instead of a traceback."""


def say(sentence):
    if sys.stderr:  # pythonw has none
        print(sentence, file=sys.stderr, flush=True)


def too_old(version):
    """The sentence for a Python that cannot run bulkops, or nothing."""
    if tuple(version[:2]) >= OLDEST:
        return ""
    return (
        f"bulkops needs Python {OLDEST[0]}.{OLDEST[1]} or newer; this is {version[0]}.{version[1]}. Install Python "
        "3.13 from python.org (no administrator rights needed), then start again with it."
    )


def explain(text):
    """The sentence for a failed set-up, from pip's output or an OSError's text."""
    for pattern, sentence in re.findall(r"(?m)^(\S.*)\n((?: .*\n)+)", FAILURES):
        if re.search(pattern, text):
            return " ".join(sentence.split()).format(python=f"{THIS}, {sys.platform}")
    last = [line.strip() for line in text.splitlines() if line.strip()][-1:]
    return f"Setting up bulkops failed: {last[0] if last else 'no reason was given.'}"


# ---------------------------------------------------------------- where the virtual environment lives


def is_unfit(folder):
    """Whether it is on another computer or uploaded by a sync client: no place for 10,000 files and a lock."""
    from pathlib import Path

    sys.path.insert(0, CHECKOUT)
    sys.dont_write_bytecode = True
    from bulkops.messages.errors import CannotStart as Unsafe
    from bulkops.system.disks import refuse_unsafe

    try:
        refuse_unsafe(Path(folder))
    except Unsafe:
        return True
    return False


def local_venv(checkout, environ=os.environ):
    """The environment's folder among the user's own local data: one for each checkout and Python."""
    home = os.path.expanduser("~")
    if WINDOWS:
        data = environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
    elif sys.platform == "darwin":
        data = os.path.join(home, "Library", "Application Support")
    else:
        data = environ.get("XDG_DATA_HOME") or os.path.join(home, ".local", "share")
    name = f"{os.path.normcase(checkout)} {THIS}"
    return os.path.join(data, "bulkops", "venv-" + hashlib.sha256(os.fsencode(name)).hexdigest()[:16])


def is_ours(path):
    """Whether only the user and the system's own can change what lies in a folder, by its own rights.

    Where everybody keeps his own files (/tmp), nobody else can take away or replace what is ours.
    """
    import stat

    facts = os.lstat(path)
    if facts.st_uid not in (0, os.geteuid()):
        return False
    if stat.S_ISLNK(facts.st_mode):
        return True
    others = facts.st_mode & stat.S_IWOTH or (facts.st_mode & stat.S_IWGRP and not is_own_group(facts.st_gid))
    return not others or bool(facts.st_mode & stat.S_ISVTX and stat.S_ISDIR(facts.st_mode))


def is_own_group(group):
    """Many systems give each user a group of the same name, with nobody else in it."""
    import grp
    import pwd

    try:
        name, found = pwd.getpwuid(os.geteuid()).pw_name, grp.getgrgid(group)
    except KeyError:
        return False
    return found.gr_name == name and not set(found.gr_mem) - {name}


def above(path):
    """A path and every folder above it."""
    while path not in (None, os.path.dirname(path)):
        yield path
        path = os.path.dirname(path)
    yield path


def is_trusted(venv, checkout):
    """Whether nobody else can have made or changed an environment: it is run with the operator's key.

    What is written in it proves nothing. Of one among the user's own data the folders above are the user's own affair.
    On Windows the rights of the folder that bulkops lies in see to that.
    """
    if WINDOWS:
        return True
    packages = os.path.join(venv, "lib", f"python{THIS}", "site-packages")
    within = [venv_python(venv), os.path.join(venv, "pyvenv.cfg"), os.path.join(venv, STAMPS[PROGRAM]), packages]
    places = {folder for path in within for folder in above(path) if (folder + os.sep).startswith(venv + os.sep)}
    if os.path.dirname(venv) == checkout:
        places.update(above(checkout), above(os.path.realpath(checkout)))
    return all(is_ours(each) for each in places if os.path.lexists(each))


def open_lock(venv):
    """Makes the folder and its lock file: the only honest way to learn whether one may write there."""
    os.makedirs(os.path.dirname(venv), 0o700, exist_ok=True)
    os.makedirs(venv, 0o755, exist_ok=True)
    return open(os.path.join(venv, LOCK), "ab")


def choose_place(checkout):
    """(folder of the environment, its open lock file)."""
    here = os.path.join(checkout, ".venv")
    if is_trusted(here, checkout) and not is_unfit(checkout):
        try:
            return here, open_lock(here)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
                raise
    away = local_venv(checkout)
    lock = open_lock(away)
    if not is_trusted(away, checkout):
        lock.close()
        raise CannotStart(NOT_OURS + away)
    return away, lock


# ---------------------------------------------------------------- is it ready?


def venv_python(venv):
    return os.path.join(venv, *(("Scripts", "python.exe") if WINDOWS else ("bin", "python")))


def stamp_for(checkout, requirements=PROGRAM):
    """What an environment was made from: the lock, the Python, and the folder its .pth file names."""
    with open(os.path.join(checkout, requirements), "rb") as lock:
        digest = hashlib.sha256(lock.read().replace(b"\r\n", b"\n"))
    digest.update(os.fsencode(f"\0{sys.version}\0{os.path.normcase(checkout)}"))
    return digest.hexdigest()


def is_ready(venv, checkout, requirements=PROGRAM):
    """Whether an environment holds what a lock names."""
    try:
        with open(os.path.join(venv, STAMPS[requirements])) as file:
            if file.read() != stamp_for(checkout, requirements):
                return False
        with open(os.path.join(venv, "pyvenv.cfg"), encoding="utf-8", errors="surrogateescape") as file:
            base = re.search(r"(?m)^executable = (.*)$", file.read())
    except OSError:
        return False
    # The Python it was made from may have been uninstalled since.
    return os.path.exists(venv_python(venv)) and (base is None or os.path.exists(base.group(1)))


def find_venv(checkout, wanted=(PROGRAM,)):
    """The folder of an environment that holds what the locks name, or nothing."""
    for venv in (os.path.join(checkout, ".venv"), local_venv(checkout)):
        if is_trusted(venv, checkout) and all(is_ready(venv, checkout, each) for each in wanted):
            return venv
    return None


def ready_venv(checkout, wanted=(PROGRAM,)):
    """The folder of an environment that holds what the locks name, made if need be. Raises CannotStart, OSError."""
    found = find_venv(checkout, wanted)
    if found:
        return found
    environment = clean_environment()  # now, for bulkops takes out what leads libraries astray and serves pip
    rights = os.umask(0o022)
    os.umask(rights | 0o022)  # nobody else may change it, whatever the user lets others do elsewhere
    try:
        venv, lock = choose_place(checkout)
        with lock:
            wait_for(lock)
            for requirements in wanted:
                if not is_ready(venv, checkout, requirements):
                    build(venv, checkout, requirements, lock, environment)
    finally:
        os.umask(rights)
    return venv


def wait_for(lock, sleep=time.sleep):
    """Holds the lock until the file is closed; the system frees it when a process dies."""
    said = False
    while True:
        try:
            if WINDOWS:
                import msvcrt

                lock.seek(0)
                return msvcrt.locking(lock.fileno(), msvcrt.LK_NBLCK, 1)
            import fcntl

            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in (errno.EAGAIN, errno.EACCES, errno.EDEADLK):
                return None  # a file system without locks: better to start than to refuse
        if not said:
            say("Another start is setting up bulkops; waiting for it ...")
            said = True
        sleep(0.2)


# ---------------------------------------------------------------- making it

# Of all that can be set for Python and for pip, what serves. The rest (other folders, other packages, only a trial)
# would make an environment that seems to be ready and is not, or change how Python itself works.
PYTHON_KEPT = ("PYTHONDONTWRITEBYTECODE", "PYTHONPYCACHEPREFIX", "PYTHONHASHSEED", "PYTHONUNBUFFERED")
PIP_KEPT = re.compile(
    r"PIP_(INDEX_URL|EXTRA_INDEX_URL|FIND_LINKS|NO_INDEX|PROXY|(CLIENT_)?CERT|TRUSTED_HOST|KEYRING_PROVIDER"
    r"|(DEFAULT_)?TIMEOUT|RETRIES|(NO_)?CACHE_DIR|CONFIG_FILE)$"
)
# What the program cannot do without: an installation that went elsewhere, or cannot be loaded, is found out by them.
NEEDED = ("openpyxl", "xlrd", "pandas", "pandera", "requests", "sqlalchemy", "typer", "rich", "keyring", "truststore")


def clean_environment():
    """The environment without what would mix other Python folders into ours, change Python or mislead pip."""

    def serves(name):
        if name.startswith("PIP_"):
            return PIP_KEPT.match(name)
        return name in PYTHON_KEPT or not (name.startswith("PYTHON") or name == "__PYVENV_LAUNCHER__")

    return dict({name: value for name, value in os.environ.items() if serves(name.upper())}, PYTHONUTF8="1")


def take_over_settings(pip, environment, lock):
    """Hands over as variables what serves of pip's own settings files, and has pip read none of them."""
    import ast

    code, said = run_step([*pip, "config", "list"], environment, lock)
    found = {}
    # As pip reads them: what is set for installing counts for more than what is set for everything.
    for section in ("global", "install"):
        for option, value in re.findall(rf"(?m)^{section}\.([\w-]+)=('.*'|\".*\")$", "" if code else said):
            found["PIP_" + option.upper().replace("-", "_")] = str(ast.literal_eval(value))
    for name, value in found.items():
        if PIP_KEPT.match(name):
            environment.setdefault(name, value)
    environment["PIP_CONFIG_FILE"] = os.devnull


def clear(venv):
    """Empties the folder, stamps first; the lock stays because this process holds it."""
    import contextlib
    import shutil

    if WINDOWS:  # this may be run by the environment's own Python, whose file Windows lets rename, but not remove
        with contextlib.suppress(FileNotFoundError):
            os.replace(venv_python(venv), os.path.join(venv, f"{RUNNING}{time.time_ns()}.exe"))
    for name in sorted(os.listdir(venv), key=lambda name: name not in STAMPS.values()):
        path = os.path.join(venv, name)
        if os.path.isdir(path) and not os.path.islink(path):
            shutil.rmtree(path)
        elif name not in (LOCK, LOG):
            with contextlib.suppress(*([PermissionError] if name.startswith(RUNNING) else [])):
                os.remove(path)


def run_step(command, environment, lock, on_line=lambda line: None):
    """Runs one set-up command. (exit code, everything it said)"""
    # pip keeps the lock if this process is killed, so that the next start waits for it and does not write beside it.
    inherit = {} if WINDOWS else {"pass_fds": (lock.fileno(),)}
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    said = []
    with subprocess.Popen(command, env=environment, **pipes, **inherit) as process:
        for raw in process.stdout:
            said.append(raw.decode("utf-8", "replace").rstrip())
            on_line(said[-1])
    return process.returncode, "\n".join(said)


def find_pip(pythons, environment, lock):
    """(command, version) of the first pip that can install into another environment, or (None, None)."""
    for python in pythons:
        code, said = run_step([python, "-P", "-m", "pip", "--version"], environment, lock)
        found = re.search(r"(?m)^pip (\d+)\.(\d+)", said)
        if code == 0 and found and tuple(map(int, found.groups())) >= OLDEST_PIP:
            return [python, "-P", "-m", "pip"], tuple(map(int, found.groups()))
    return None, None


def trust_windows(pip, version, venv, environment, lock):
    """pip before 24.2 does not know the certificates IT put into Windows: hands them over, beside pip's own."""
    if not WINDOWS or version >= (24, 2) or environment.get("PIP_CERT") or environment.get("REQUESTS_CA_BUNDLE"):
        return
    import ssl

    where = [pip[0], "-P", "-c", "from pip._vendor import certifi; print(certifi.where())"]
    with open(run_step(where, environment, lock)[1].strip(), encoding="utf-8") as file:
        pem = [file.read()]
    for store in ("ROOT", "CA"):
        for certificate, encoding, trust in ssl.enum_certificates(store):
            if encoding == "x509_asn" and (trust is True or "1.3.6.1.5.5.7.3.1" in trust):
                pem.append(ssl.DER_cert_to_PEM_cert(certificate))
    environment["PIP_CERT"] = os.path.join(venv, "certificates.pem")
    with open(environment["PIP_CERT"], "w", encoding="utf-8") as file:
        file.write("\n".join(pem))


def progress(total):
    """A listener for pip's lines that tells how far it is, in plain words; on a terminal with every tenth package."""
    seen = {"packages": 0, "total": total, "retry": False}
    every = 10 if sys.stderr and sys.stderr.isatty() else 1

    def on_line(line):
        if line.startswith("Ignoring "):
            seen["total"] -= 1
        elif line.startswith(("Collecting ", "Processing ")):
            seen["packages"] += 1
            if seen["packages"] % every == 0:
                say(f"  {seen['packages']} of {seen['total']} packages")
        elif line.startswith("Installing collected packages"):
            say(f"  installing all {seen['total']} packages ...")
        elif "Retrying (" in line and not seen["retry"]:
            seen["retry"] = True
            say("  the package server does not answer; trying again ...")

    return on_line


def link(venv, checkout):
    """Makes bulkops importable from any working folder."""
    import sysconfig

    packages = sysconfig.get_path("purelib", "venv", {"base": venv, "platbase": venv})
    # Python 3.11 and 3.12 read .pth files in the PC's own encoding; escaped, the path is the same in each.
    with open(os.path.join(packages, "bulkops-checkout.pth"), "w", encoding="ascii") as file:
        file.write(f"import sys; sys.path.append({checkout!a})\n")


def build(venv, checkout, requirements, lock, environment):
    """Fills the environment; the stamp is written last, so that whatever is cut short is made anew."""
    path = os.path.join(venv, STAMPS[requirements])
    why = "bulkops or Python has changed: setting it up again" if os.path.exists(path) else WHY[requirements]
    say(f"{why} (once, about a minute) in {venv} ...")
    log = []
    try:
        install(venv, checkout, requirements, lock, environment, log)
        link(venv, checkout)
        with open(path, "w") as file:
            file.write(stamp_for(checkout, requirements))
    except (CannotStart, OSError) as error:
        sentence = str(error) if isinstance(error, CannotStart) else explain(str(error))
        raise CannotStart(sentence + write_log(venv, log)) from None
    say("bulkops is set up.")


def install(venv, checkout, requirements, lock, environment, log):
    """What a lock names, into an environment made anew for the program. `log` collects what the steps said."""

    def step(command, *listener):
        code, said = run_step(command, environment, lock, *listener)
        log.append(said)
        if code:
            raise CannotStart(explain(said))

    if requirements == PROGRAM:
        clear(venv)
    base = getattr(sys, "_base_executable", None) or sys.executable
    # The running Python may be that of the very environment just cleared.
    pythons = [base] if os.path.realpath(sys.prefix) == os.path.realpath(venv) else [sys.executable, base]
    environment = {name: value for name, value in environment.items() if not name.startswith("BULKOPS_")}
    environment.update(PIP_USER="0", PIP_NO_INPUT="1", PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_PROGRESS_BAR="off")
    environment["PYTHONUNBUFFERED"] = "1"
    pip, version = find_pip(pythons, environment, lock)
    make = [base, "-P", "-m", "venv", venv]
    if requirements == PROGRAM and pip:
        step([*make, "--without-pip"])  # in 0.3 s, not in 3 to 9 s
    elif requirements == PROGRAM:
        log.append(run_step(make, environment, lock)[1])
    if not pip:
        pip, version = find_pip([venv_python(venv)], environment, lock)
    if not pip:
        raise CannotStart(NO_PIP)
    take_over_settings(pip, environment, lock)
    trust_windows(pip, version, venv, environment, lock)
    path = os.path.join(checkout, requirements)
    with open(path, encoding="utf-8") as file:
        locked = re.findall(r"(?m)^([^\s#]+)==", file.read())
    options = ["--python", venv_python(venv), "install", "--require-hashes", "--only-binary", ":all:", "-r", path]
    step(pip + options, progress(len(locked)))
    say("  trying them ...")
    step([venv_python(venv), "-P", "-c", "\n".join(f"import {name}" for name in NEEDED if name in locked)])


def write_log(venv, log):
    """Frees what a failed set-up took, keeps what was said, and gives the words that name the log."""
    try:
        clear(venv)
        with open(os.path.join(venv, LOG), "w", encoding="utf-8") as file:
            file.write("\n".join(log) + "\n")
    except OSError:
        return ""
    return f"\nThe whole story is in {os.path.join(venv, LOG)}"


# ---------------------------------------------------------------- handing over


def command_for(arguments, venv, checkout):
    """(command, folder to run it in or nothing, environment variables)"""
    environment = clean_environment()
    away = not venv.startswith(checkout + os.sep)
    if away:  # then the checkout is synced, slow or read-only: nothing is written into it
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        environment.setdefault("HYPOTHESIS_STORAGE_DIRECTORY", os.path.join(venv, "hypothesis"))
    # -P: a file that lies in the working folder must never be taken for one of our modules.
    command, folder = [venv_python(venv), "-P", "-m", "bulkops"], None
    if arguments[:1] == ["test"]:
        if not away:  # each of some hundred processes would have to compile bulkops for itself
            environment.pop("PYTHONDONTWRITEBYTECODE", None)
        command[-1:] = ["pytest", "-p", "no:cacheprovider"] if away else ["pytest"]
        # One process more than there are processors, for they often wait. A file's tests stay together in one: they
        # share what was made for them.
        processes = f"--numprocesses={(os.cpu_count() or 1) + 1}"
        folder, arguments = checkout, arguments[1:] or [processes, "--dist=loadfile"]
    return command + arguments, folder, environment


def hand_over(command, folder, environment):
    """The exit code of the command; where the system can, the command takes this process's place."""
    if WINDOWS:
        return wait_out(command, folder, environment)
    if folder:
        os.chdir(folder)
    return os.execve(command[0], command, environment)


def wait_out(command, folder, environment):
    """Ctrl-C reaches the command too: it decides how to end, and this process waits for its exit code.

    Whoever ends this process does not end the command: it watches the process it is told of, and stops in its own time.
    """
    import signal

    for name in ("SIGINT", "SIGBREAK"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), lambda *_: None)
    environment = dict(os.environ if environment is None else environment, BULKOPS_LAUNCHER=str(os.getpid()))
    return subprocess.Popen(command, cwd=folder, env=environment).wait()


def open_window(files):
    """Sets up if need be, in sight of whoever started it, and opens the window."""
    if not find_venv(CHECKOUT) and in_a_window(sys.executable, "-X", "utf8", os.path.abspath(__file__), "set-up"):
        return 2
    return start_window([os.path.abspath(file) for file in files], ready_venv(CHECKOUT))


def in_a_window(*what):
    """Shows a sentence, or a set-up and its failure, in a small window; nothing where a console does, or without Tk.

    The exit code of the set-up, 0 for the rest.
    """
    from importlib.util import find_spec

    if WINDOWS or (sys.stderr and sys.stderr.isatty()) or not find_spec("_tkinter"):
        return 0
    return subprocess.call([sys.executable, "-X", "utf8", "-P", FIRST_START, *what])


def start_window(files, venv, sleep=time.sleep):
    """Starts the window as a program of its own; 0 once it is up, or once an earlier one has taken the files over."""
    own = os.path.dirname(local_venv(CHECKOUT))
    os.makedirs(own, 0o700, exist_ok=True)
    up = os.path.join(own, f"window-{os.getpid()}.up")
    is_up(up)  # a file that an earlier process of this number may have left
    command, _, environment = command_for(["desktop"], venv, CHECKOUT)
    environment["BULKOPS_WINDOW_UP"] = up
    if WINDOWS:
        command[0] = os.path.join(os.path.dirname(command[0]), "pythonw.exe")
        options = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    else:
        options = {"start_new_session": True}
    # It must hold neither a folder that somebody wants to move nor the drive letter of a launcher's pushd.
    home = os.path.expanduser("~")
    options.update(cwd=home if os.path.isdir(home) else CHECKOUT, env=environment, stdin=subprocess.DEVNULL)
    log = os.path.join(own, WINDOW_LOG)
    with open(log, "wb") as said:
        window = subprocess.Popen(command + files, stdout=said, stderr=said, **options)
    try:
        code = wait_for_window(window, up, sleep)
    except KeyboardInterrupt:
        window.kill()
        window.wait()
        raise
    if code:
        raise CannotStart(why_no_window(log))
    return 0


def is_up(path):
    """Whether the window has made its file, which is taken away: not before it is closed, says Windows."""
    try:
        os.remove(path)
    except OSError:
        return False
    return True


def wait_for_window(window, up, sleep):
    """0 once the window is up, else the exit code it ended with."""
    naps = 0
    while not is_up(up):
        code = window.poll()
        if code is not None:
            return 0 if is_up(up) else code
        naps += 1
        if naps == 500:
            say("The window is on its way; the first time that can take a minute ...")
        sleep(0.02)
    return 0


def why_no_window(log):
    """The sentence for a window that did not open, from what it said: its own, or ours instead of a traceback."""
    with open(log, encoding="utf-8", errors="replace") as file:
        said = file.read().strip()
    return said if said and "Traceback (most recent call" not in said else f"{NO_WINDOW}\nThe whole story is in {log}"


def main(arguments):
    sentence = too_old(sys.version_info)
    if sentence:
        say(sentence)
        return 2
    first = arguments[0] if arguments else ""
    try:
        if first == "desktop":
            return open_window(arguments[1:])
        venv = ready_venv(CHECKOUT, tuple(STAMPS) if first == "test" else (PROGRAM,))
        return 0 if first == "set-up" else hand_over(*command_for(arguments, venv, CHECKOUT))
    except CannotStart as stop:
        sentence = str(stop)
    except OSError as error:
        sentence = explain(str(error))
    except KeyboardInterrupt:
        say("Stopped. The next start sets up what is missing.")
        return 2
    say(sentence)
    if first == "desktop":
        in_a_window(sentence)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

#!/bin/sh
# Linux: double-click to start bulkops, or start it with workbooks. Finds a Python of 3.11 or newer that can show a
# window, and hands over to run.py. Nothing here changes the folder: workbooks may be named from where one is.
set -u

at=$0
while [ -L "$at" ]; do
    to=$(readlink "$at")
    case $to in
        /*) at=$to ;;
        *) at=$(dirname "$at")/$to ;;
    esac
done
here=$(CDPATH='' cd -- "$(dirname -- "$at")" && pwd -P) || exit 2

stop() {  # stop SENTENCE: in a window too, where nobody sees a terminal
    printf '%s\n' "$1" >&2
    if [ ! -t 2 ]; then
        if command -v osascript; then
            osascript -e 'on run said' -e 'display alert "bulkops" message (item 1 of said)' -e 'end run' "$1"
        elif command -v zenity; then
            zenity --error --title=bulkops --width=500 --no-markup --text="$1"
        elif command -v kdialog; then
            kdialog --title bulkops --error "$1"
        elif command -v xmessage; then
            printf '%s\n' "$1" | fold -s -w 80 | xmessage -center -title bulkops -file -
        fi >/dev/null 2>&1
    fi
    exit 2
}

first() {  # first QUESTION: sets python to the first one that answers it with yes
    for python in "$here/.venv/bin/python" python3.13 python3.12 python3.11 python3 \
        "${PYENV_ROOT:-${HOME:-}/.pyenv}"/versions/3.1[1-9]*/bin/python3 \
        /Library/Frameworks/Python.framework/Versions/3.1[1-9]/bin/python3 \
        /opt/homebrew/bin/python3 /opt/homebrew/bin/python3.1[1-9] /usr/local/bin/python3 /usr/local/bin/python3.1[1-9]; do
        # On a Mac this one is too old, or only asks whether to install Apple's developer tools.
        if [ -d /System/Library ] && [ "$(command -v "$python")" = /usr/bin/python3 ]; then continue; fi
        if "$python" -I -S -c "$1" </dev/null >/dev/null 2>&1; then return 0; fi
    done
    return 1
}

if [ ! -f "$here/run.py" ]; then
    stop "bulkops is not whole here: run.py is missing beside this launcher. Copy the whole folder of bulkops again, then start it from there."
fi
new='import sys; sys.exit(sys.version_info < (3, 11))'
if first "import _tkinter; $new"; then
    exec "$python" "$here/run.py" desktop "$@"
fi
if first "$new"; then
    stop "The Python on this computer cannot show windows: its part tkinter is missing. Debian or Ubuntu: sudo apt install python3-tk. Fedora: sudo dnf install python3-tkinter. Homebrew: brew install python-tk. Then start bulkops again."
fi
stop "bulkops needs Python 3.11 or newer, and none was found on this computer. Debian or Ubuntu: sudo apt install python3 python3-venv python3-pip python3-tk. Mac: install Python 3.13 from python.org. Then start bulkops again."

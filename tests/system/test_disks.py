"""The data folder's place: refused on a network disk and in a synced folder, for each system from its own words."""

from __future__ import annotations

import os
import sys
from pathlib import Path, PurePosixPath, PureWindowsPath

import pytest
import systems

from bulkops.messages.errors import CannotStart
from bulkops.system import disks
from bulkops.system.disks import linux_network, mac_network, refuse_unsafe, synced, windows_network

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="reads the mount table as Linux writes it")

# Lines as the systems write them; names and addresses changed.
MOUNTINFO = r"""22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime - ext4 /dev/vda rw,discard
30 27 0:27 / /tmp rw,nosuid shared:9 - tmpfs tmpfs rw,size=24684092k
31 27 8:2 / /data rw,relatime shared:3 master:2 - xfs /dev/sdb1 rw,attr2
32 31 0:44 / /data/nfs rw,relatime shared:4 - nfs4 files:/export rw,vers=4.2,addr=10.0.0.4
33 32 8:3 / /data/nfs/scratch rw,relatime - btrfs /dev/sdc1 rw,subvol=/
34 27 0:45 / /mnt/team\040files rw,relatime - cifs //fin/team\040files rw,vers=3.1.1,username=pat
35 27 0:46 / /home/pat/ssh rw,nosuid - fuse.sshfs pat@fin:/srv rw,user_id=1000
36 27 0:47 / /mnt/dav rw,nosuid - fuse https://dav.example.com/ rw,uid=0,helper=davfs
37 27 0:48 / /mnt/c rw,noatime - 9p C:\134 rw,dirsync,aname=drvfs;path=C:\134;uid=1000,trans=fd,rfd=8,wfd=8
38 27 0:49 / /mnt/d rw,noatime - virtiofs drvfsD rw
39 27 0:50 / /mnt/host rw,relatime - 9p host0 rw,access=client,trans=virtio
40 27 0:51 / /mnt/farm rw,relatime - 9p 10.0.0.4 rw,trans=tcp,port=564
41 27 0:52 / /mnt/vm rw,relatime - virtiofs myfs rw
42 27 0:53 / /media/stick rw,nosuid - fuseblk /dev/sdd1 rw,user_id=0
43 27 0:54 / /var/lib/layers rw,relatime - overlay overlay rw,lowerdir=/l,upperdir=/u,workdir=/w
44 27 0:55 / /tank rw,relatime - zfs tank/a:b rw,xattr
45 27 0:56 / /pool rw,relatime - fuse.mergerfs 1:2 rw,user_id=0
46 27 0:57 / /run/user/1000/gvfs rw,nosuid - fuse.gvfsd-fuse gvfsd-fuse rw,user_id=1000
47 27 0:58 / /net rw,relatime - autofs /etc/auto.net rw,fd=7
48 47 0:59 / /net/fin rw,relatime - nfs fin:/ rw,vers=3
49 27 0:60 / /home/kim rw,relatime - autofs systemd-1 rw,fd=52
50 49 0:61 / /home/kim rw,relatime - nfs4 files:/home/kim rw,vers=4.1
51 27 0:62 / /srv/old/share rw,relatime - nfs4 files:/old rw
52 27 8:4 / /srv/old rw,relatime - ext4 /dev/sde1 rw
53 27 0:63 / /odd\012\011\134 rw,relatime - lustre 10.0.0.5@tcp:/fs rw"""


@pytest.mark.parametrize(
    ("folder", "where"),
    [
        ("/", ""),
        ("/home/pat/.local/share/bulkops", ""),
        ("/tmp/bulkops", ""),
        ("/data", ""),
        ("/data/nfs", "/data/nfs, nfs4"),
        ("/data/nfs/bulkops", "/data/nfs, nfs4"),
        ("/data/nfsbulkops", ""),
        ("/data/nfs/scratch/bulkops", ""),
        ("/mnt/team files/bulkops", "/mnt/team files, cifs"),
        ("/mnt/team", ""),
        ("/home/pat/ssh/a", "/home/pat/ssh, fuse.sshfs"),
        ("/mnt/dav/a", "/mnt/dav, fuse"),
        ("/mnt/c/Users/pat", "/mnt/c, 9p"),
        ("/mnt/d/Users/pat", "/mnt/d, virtiofs"),
        ("/mnt/host/a", ""),
        ("/mnt/farm/a", "/mnt/farm, 9p"),
        ("/mnt/vm/a", ""),
        ("/media/stick/a", ""),
        ("/var/lib/layers/a", ""),
        ("/tank/a", ""),
        ("/pool/a", ""),
        ("/run/user/1000/gvfs/smb-share:server=fin", "/run/user/1000/gvfs, fuse.gvfsd-fuse"),
        ("/net/fin/a", "/net/fin, nfs"),
        ("/home/kim/.local/share/bulkops", "/home/kim, nfs4"),
        ("/srv/old/share/a", ""),
        ("/odd\n\t\\/a", "/odd\n\t\\, lustre"),
    ],
)
def test_linux_tells_network_disks(folder, where):
    """The mount that holds the folder decides: its blanks are written \\040, and a later mount may cover it."""
    assert linux_network(MOUNTINFO, folder) == where


@pytest.mark.parametrize(
    "mountinfo",
    [
        "",
        "nonsense\n27 1 254:0 / /",
        "1 1 0:2 / / rw - rootfs rootfs rw",
        "5 6 0:1 / / rw - ext4 a rw\n6 5 0:1 / / rw - ext4 b rw",
    ],
)
def test_a_mount_table_that_says_nothing_refuses_nothing(mountinfo):
    """A system that cannot be asked must not keep the operator out."""
    assert linux_network(mountinfo, "/home/pat") == ""


def test_mounts_of_a_changed_root_are_found():
    """Within chroot the first mount's parent is not listed, and / itself may not be."""
    assert linux_network("9 8 0:44 / /share rw - nfs4 files:/x rw", "/share/a") == "/share, nfs4"


MOUNT = """/dev/disk3s1s1 on / (apfs, sealed, local, read-only, journaled)
devfs on /dev (devfs, local, nobrowse)
map auto_home on /System/Volumes/Data/home (autofs, automounted, nobrowse)
//pat@fin._smb._tcp.local/Team%20on%20it on /Volumes/Team on it (1) (smbfs, nodev, nosuid, mounted by pat)
nas:/export/backups on /System/Volumes/Data/mnt/backups (nfs, nodev, nosuid)
pat@fin:/srv on /Users/pat/ssh (macfuse, nodev, nosuid, synchronous, mounted by pat)
/dev/disk3s5 on /System/Volumes/Data (apfs, local, journaled, nobrowse, protect, root data)
/dev/disk4s2 on /Volumes/My Disk (hfs, local, nodev, nosuid, noowners)
files:/home/kim on /System/Volumes/Data/home/kim (nfs, nodev, nosuid, automounted, nobrowse)
nonsense"""


@pytest.mark.parametrize(
    ("folder", "where"),
    [
        ("/Users/pat/Library/Application Support/bulkops", ""),
        ("/System/Volumes/Data/Users/pat", ""),
        ("/Volumes/Team on it (1)/bulkops", "/Volumes/Team on it (1), smbfs"),
        ("/volumes/TEAM on it (1)", "/Volumes/Team on it (1), smbfs"),
        ("/Volumes/Team", ""),
        ("/mnt/backups/a", "/System/Volumes/Data/mnt/backups, nfs"),
        ("/Users/pat/ssh/a", "/Users/pat/ssh, macfuse"),
        ("/Volumes/My Disk/a", ""),
        ("/home/lee", ""),
        ("/home/kim/a", "/System/Volumes/Data/home/kim, nfs"),
    ],
)
def test_a_mac_tells_network_disks(folder, where):
    """A Mac calls its own disks local; the data volume has two names, and case says nothing."""
    assert mac_network(MOUNT, folder) == where
    assert mac_network("", folder) == ""


@pytest.mark.parametrize(
    ("folder", "where"),
    [
        (r"C:\Users\pat\AppData\Local\bulkops", ""),
        (r"\\?\C:\Users\pat", ""),
        (r"\\.\C:\Users\pat", ""),
        (r"\\fin\team\bulkops", r"\\fin\team"),
        (r"//fin/team/bulkops", r"\\fin\team"),
        (r"\\?\UNC\fin\team\bulkops", r"\\fin\team"),
        (r"\\?\unc\fin\team", r"\\fin\team"),
        (r"Z:\bulkops", "Z:"),
        (r"z:\bulkops", "z:"),
        (r"\\?\Z:\bulkops", "Z:"),
        ("bulkops", ""),
    ],
)
def test_windows_tells_network_disks(folder, where):
    """A share by its name, in every spelling, and a letter that Windows says is another computer's."""
    kinds = {"C:\\": 3, "Z:\\": 4, "z:\\": 4}
    assert windows_network(folder, kinds.__getitem__) == where


HOME = {"\\": PureWindowsPath(r"C:\Users\Pat"), "/": PurePosixPath("/home/pat"), "M": PurePosixPath("/Users/pat")}


@pytest.mark.parametrize(
    ("folder", "client"),
    [
        (r"C:\Users\pat\OneDrive\bulkops", r"OneDrive (C:\Users\pat\OneDrive)"),
        (r"D:\OneDrive - Contoso Ltd", r"OneDrive (D:\OneDrive - Contoso Ltd)"),
        (r"C:\Users\pat\Dropbox (Contoso)\a", r"Dropbox (C:\Users\pat\Dropbox (Contoso))"),
        (r"C:\Users\PAT\Contoso Dropbox\Pat\a", r"Dropbox (C:\Users\PAT\Contoso Dropbox)"),
        (r"G:\My Drive\a", r"Google Drive (G:\My Drive)"),
        (r"G:\Shared drives\Finance", r"Google Drive (G:\Shared drives)"),
        (r"C:\Users\pat\My Drive (pat@example.com)\a", r"Google Drive (C:\Users\pat\My Drive (pat@example.com))"),
        (r"C:\Users\pat\iCloudDrive\a", r"iCloud Drive (C:\Users\pat\iCloudDrive)"),
        (r"C:\Users\pat\Box\a", r"Box (C:\Users\pat\Box)"),
        (r"D:\Box Sync\a", r"Box (D:\Box Sync)"),
        ("/home/pat/Nextcloud2/a", "Nextcloud (/home/pat/Nextcloud2)"),
        ("/home/pat/clouds/ownCloud", "ownCloud (/home/pat/clouds/ownCloud)"),
        ("/home/pat/dropbox", "Dropbox (/home/pat/dropbox)"),
        ("/home/pat/Google Drive (pat@example.com)", "Google Drive (/home/pat/Google Drive (pat@example.com))"),
        (r"C:\Users\pat\SynologyDrive\a", r"Synology Drive (C:\Users\pat\SynologyDrive)"),
        ("/Users/pat/pCloud Drive/a", "pCloud (/Users/pat/pCloud Drive)"),
        (r"C:\Users\pat\Proton Drive\pat\My files", r"Proton Drive (C:\Users\pat\Proton Drive)"),
        ("/home/pat/MEGA/a", "MEGA (/home/pat/MEGA)"),
        ("/srv/mega/a", ""),
        ("/home/pat/com~apple~CloudDocs", "iCloud Drive (/home/pat/com~apple~CloudDocs)"),
        ("/Users/pat/Library/Mobile Documents/Excel", "iCloud Drive (/Users/pat/Library/Mobile Documents)"),
        ("/Users/pat/Library/CloudStorage/OneDrive-Contoso/a", "a cloud drive (/Users/pat/Library/CloudStorage)"),
        ("/Volumes/GoogleDrive-117/My Drive", "Google Drive (/Volumes/GoogleDrive-117)"),
        (r"C:\Users\pat\AppData\Local\bulkops", ""),
        (r"C:\Users\pat\Boxes\a", ""),
        (r"D:\Box\a", ""),
        (r"C:\Users\pat\Documents\Box\a", ""),
        (r"C:\Users\pat\Documents\My Drive\a", ""),
        (r"C:\Users\pat\OneDriveBackup\a", ""),
        (r"C:\Users\pat\OneDrive-old\a", ""),
        ("/home/pat/dropbox-notes.d/a", ""),
        ("/home/pat/notes/old dropbox/a", ""),
        ("/home/pat/Documents/Nextcloud plans", ""),
        ("/srv/mobile documents/a", ""),
        ("/home/pat/.local/share/bulkops", ""),
        ("/My Drive", ""),
    ],
)
def test_synced_folders_are_known_by_name(folder, client):
    """A sync client's folder is known wherever its name says so; names like Box only where the client puts them."""
    home = HOME["\\" if "\\" in folder else "M" if folder.startswith(("/Users", "/Volumes")) else "/"]
    assert synced(type(home)(folder), home, []) == client


@pytest.mark.parametrize(
    ("folder", "root", "client"),
    [
        (r"C:\USERS\pat\Contoso\Team - Documents\a", r"C:\Users\pat\Contoso\Team - Documents", True),
        (r"C:\Users\pat\Contoso\Team - Documents", r"C:\Users\pat\Contoso\Team - Documents", True),
        (r"C:\Users\pat\Contoso\Team - Documents 2\a", r"C:\Users\pat\Contoso\Team - Documents", False),
        (r"C:\Users\pat\Contoso", r"C:\Users\pat\Contoso\Team - Documents", False),
        (r"C:\Users\pat\a", "C:\\", False),
        (r"C:\Users\pat\a", "", False),
    ],
)
def test_a_folder_that_the_system_names_is_synced_whatever_it_is_called(folder, root, client):
    """OneDrive tells Windows where its folders are; a whole disk is never one of them."""
    found = synced(PureWindowsPath(folder), HOME["\\"], [("OneDrive", PureWindowsPath(root))])
    assert found == (f"OneDrive ({root})" if client else "")


def refused(folder) -> CannotStart:
    with pytest.raises(CannotStart) as error:
        refuse_unsafe(folder)
    return error.value


def test_a_folder_of_this_computer_is_good_there_or_not(tmp_path, monkeypatch):
    """Nothing is made and nothing refused for a local folder, named in full or not."""
    monkeypatch.chdir(tmp_path)
    refuse_unsafe(tmp_path)
    refuse_unsafe(Path("a") / "b")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["OneDrive", "OneDriveConsumer", "OneDriveCommercial"])
def test_the_folder_that_onedrive_names_is_refused(tmp_path, monkeypatch, name):
    """The operator reads which folder, who copies it, why that is bad and what to do."""
    monkeypatch.setenv(name, str(tmp_path / "cloud"))
    error = refused(tmp_path / "cloud" / "a" / ".." / "b")
    assert error.code == "home.synced"
    assert str(tmp_path / "cloud" / "a" / ".." / "b") in str(error)
    assert f"OneDrive ({os.path.realpath(tmp_path / 'cloud')})" in str(error)
    assert "forgotten" in str(error)
    assert "BULKOPS_HOME" in str(error)
    refuse_unsafe(tmp_path / "cloud" / ".." / "b")


@pytest.mark.parametrize(
    ("mark", "client"),
    [(".dropbox", "Dropbox"), (".stfolder", "Syncthing"), (".sync_1a2b3c.db", "Nextcloud or ownCloud")],
)
def test_a_synced_folder_is_known_by_what_its_client_leaves_there(tmp_path, mark, client):
    """A sync folder may have any name."""
    (tmp_path / "team").mkdir()
    (tmp_path / "team" / mark).touch()
    error = refused(tmp_path / "team" / "deep" / "bulkops")
    assert error.code == "home.synced"
    assert f"{client} ({os.path.realpath(tmp_path / 'team')})" in str(error)
    refuse_unsafe(tmp_path / "other")


def test_the_settings_of_dropbox_do_not_make_a_home_folder_a_synced_one(tmp_path):
    """On Linux ~/.dropbox is a folder with the client's settings."""
    (tmp_path / ".dropbox").mkdir()
    refuse_unsafe(tmp_path / "bulkops")


def test_a_link_into_a_synced_folder_is_followed(tmp_path, monkeypatch):
    """What counts is where the ledger would really lie."""
    (tmp_path / "Nextcloud").mkdir()
    systems.link(tmp_path / "link", tmp_path / "Nextcloud", folder=True)
    monkeypatch.chdir(tmp_path)
    assert refused(Path("link") / "bulkops").code == "home.synced"


@linux_only
def test_a_link_to_a_network_disk_is_followed(tmp_path, monkeypatch):
    """A local name does not make a network disk a local one, nor the other way round."""
    (tmp_path / "share").mkdir()
    (tmp_path / "local").symlink_to(tmp_path / "share")
    (tmp_path / "share" / "own").symlink_to(tmp_path)
    table = tmp_path / "mountinfo"
    point = str(tmp_path.resolve() / "share").replace(" ", "\\040")
    table.write_text(f"1 0 8:1 / / rw - ext4 /dev/sda rw\n2 1 0:9 / {point} rw - nfs4 files:/x rw\n")
    monkeypatch.setattr(disks, "_MOUNTINFO", table)
    error = refused(tmp_path / "local" / "bulkops")
    assert error.code == "home.network"
    assert f"{tmp_path.resolve() / 'share'}, nfs4" in str(error)
    assert str(tmp_path / "local" / "bulkops") in str(error)
    assert "forgotten" in str(error)
    assert "BULKOPS_HOME" in str(error)
    refuse_unsafe(tmp_path / "local" / "own" / "bulkops")


@linux_only
def test_a_linux_without_a_mount_table_refuses_nothing(tmp_path, monkeypatch):
    """In some containers there is no /proc."""
    monkeypatch.setattr(disks, "_MOUNTINFO", tmp_path / "missing")
    refuse_unsafe(tmp_path)

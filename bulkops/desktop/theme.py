"""How the window looks: fonts, colours and sizes, all in proportion to the text, so that it is sharp at any scale."""

import sys
import tkinter as tk
from dataclasses import dataclass
from tkinter import font, ttk

from bulkops.model.outcomes import Status
from bulkops.workbook.writing.results_sheet import FILLS

TINTS = {status: f"#{fill}" for status, fill in FILLS.items()} | {Status.READY: "#D5EBD8", Status.ON_ITS_WAY: "#FFFFFF"}
"""Behind a row, by its status: those of the Results sheet, light enough for black words."""
STRONG = {
    Status.UNKNOWN: "#7B3FA0",
    Status.FAILED: "#B3261E",
    Status.INVALID: "#8A6200",
    Status.LOOK: "#B45F00",
    Status.NOT_SENT: "#6B6B6B",
    Status.ALREADY_DONE: "#2F6DA8",
    Status.DONE: "#2E7D32",
    Status.READY: "#455A64",
    Status.ON_ITS_WAY: "#00838F",
}
"""For the bar of totals, by status."""
SAFE, DANGER = "#1B6E3C", "#B3261E"
"""Behind the white words of the banner: 6.3 and 6.5 to 1."""
INK, PAPER, GROUND, EDGE, FAINT, ACCENT = "#1E1E1E", "#FFFFFF", "#F4F5F7", "#B8BDC6", "#5C6370", "#1F5FA8"


@dataclass(frozen=True, slots=True)
class Look:
    """Sizes in pixels of this screen."""

    em: int
    """The width of a digit."""
    line: int
    """The height of a line of text."""

    @property
    def pad(self) -> int:
        """Between things that belong together."""
        return max(self.em // 2, 2)

    @property
    def gap(self) -> int:
        """Between things that do not."""
        return self.em + self.pad


def sharpen() -> None:
    """Before the first window: Windows must not blow up a picture of it."""
    if sys.platform == "win32":
        import ctypes

        ctypes.windll.shcore.SetProcessDpiAwareness(1)


def dress(root: tk.Misc) -> Look:
    """Set the window's styles once, from the measures of its own fonts."""
    text = font.nametofont("TkDefaultFont", root)
    if root.tk.call("tk", "windowingsystem") == "x11":
        _plain_fonts(root, text)
    # Made by Tk itself: a font of tkinter's would be gone with its Python object.
    family, size = text.actual("family"), int(text.actual("size"))
    for name, points in (("BulkopsBold", size), ("BulkopsTitle", round(size * 1.2))):
        root.tk.call("font", "create", name, "-family", family, "-size", points, "-weight", "bold")
    look = Look(text.measure("0"), text.metrics("linespace"))
    style = ttk.Style(root)
    if root.tk.call("tk", "windowingsystem") == "x11":
        style.theme_use("clam")
        _clam(style, look)
    style.configure("Treeview", rowheight=round(look.line * 1.45))
    style.configure("Treeview.Heading", font="BulkopsBold", padding=look.pad)
    style.configure("Bold.TLabel", font="BulkopsBold")
    style.configure("Title.TLabel", font="BulkopsTitle")
    style.configure("Faint.TLabel", foreground=FAINT)
    style.configure("Main.TButton", font="BulkopsBold")
    return look


def _plain_fonts(root: tk.Misc, text: font.Font) -> None:
    """Of the fonts that are here, one made for screens."""
    known = {name.casefold(): name for name in font.families(root)}
    wanted = ("Noto Sans", "Ubuntu", "Cantarell", "Open Sans", "DejaVu Sans", "Liberation Sans")
    family = next((known[name.casefold()] for name in wanted if name.casefold() in known), None)
    if family is not None:
        for name in ("TkDefaultFont", "TkTextFont", "TkHeadingFont", "TkMenuFont", "TkCaptionFont", "TkTooltipFont"):
            font.nametofont(name, root).configure(family=family, size=text.actual()["size"])


def _clam(style: ttk.Style, look: Look) -> None:
    """On X11 nothing but text grows with the screen, and the theme is grey on grey: both are seen to here."""
    style.configure(
        ".",
        background=GROUND,
        foreground=INK,
        fieldbackground=PAPER,
        bordercolor=EDGE,
        lightcolor=GROUND,
        darkcolor=GROUND,
        troughcolor="#E2E5EA",
        selectbackground=ACCENT,
        selectforeground="white",
        focuscolor=ACCENT,
    )
    for kind in ("TButton", "TMenubutton"):
        style.configure(kind, padding=(look.gap, look.pad), background="#E7EAF0", focusthickness=max(look.em // 4, 2))
        style.map(
            kind,
            background=[("disabled", GROUND), ("pressed", "#CBD3E0"), ("active", "#DBE1EB")],
            foreground=[("disabled", "#8A8F98")],
            bordercolor=[("focus", ACCENT)],
            lightcolor=[("focus", ACCENT)],
            darkcolor=[("focus", ACCENT)],
        )
    style.configure("Main.TButton", background=ACCENT, foreground="white")
    style.map(
        "Main.TButton",
        background=[("disabled", GROUND), ("pressed", "#164A86"), ("active", "#2A6DBB")],
        foreground=[("disabled", "#8A8F98")],
        focuscolor=[("!disabled", "white")],
    )
    size = round(look.line * 0.75)
    style.configure("TCheckbutton", indicatorsize=size, indicatormargin=(0, 0, look.pad, 0), padding=look.pad // 2)
    style.map(
        "TCheckbutton",
        background=[("active", GROUND)],
        indicatorbackground=[("selected", ACCENT), ("!selected", PAPER)],
        indicatorforeground=[("selected", "white")],
    )
    style.configure("TCombobox", arrowsize=round(look.line * 0.8), padding=look.pad // 2)
    style.map("TCombobox", fieldbackground=[("readonly", PAPER)], bordercolor=[("focus", ACCENT)])
    style.configure("TEntry", padding=look.pad // 2)
    style.map("TEntry", bordercolor=[("focus", ACCENT)], lightcolor=[("focus", ACCENT)])
    wide = round(look.line * 0.9)
    style.configure("Vertical.TScrollbar", arrowsize=wide, width=wide, background="#D3D8E0")
    style.configure("Horizontal.TProgressbar", thickness=round(look.line * 0.8), background=ACCENT, borderwidth=0)
    style.configure("Treeview", background=PAPER, borderwidth=1)
    style.map("Treeview", background=[("selected", ACCENT)], foreground=[("selected", "white")])
    style.configure("Treeview.Heading", background="#E7EAF0", relief="flat")
    style.configure("TNotebook", background=GROUND, borderwidth=0)
    style.configure("TNotebook.Tab", padding=(look.gap, look.pad), background="#E2E5EA")
    style.map("TNotebook.Tab", background=[("selected", PAPER)], padding=[("selected", (look.gap, look.pad))])

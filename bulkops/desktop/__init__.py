"""The window: what it shows is decided in rooms without Tk, and the rooms with Tk only show it."""

"""The window: what it shows is decided in modules without Tk, and the modules with Tk only show it.

No module uses tkinter's variables: a variable, unlike a widget, talks to Tk when it is cleared up, and Python may clear
it up in the thread of a job.
"""

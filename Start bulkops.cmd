@echo off
rem Double-click to start bulkops, or drop workbooks on it. Finds a Python of 3.11 or newer and hands over to run.py.
setlocal EnableExtensions DisableDelayedExpansion
title bulkops
set "HERE=%~dp0"
set "PYTHONUTF8=1"
set "NEW=import sys; sys.exit(sys.version_info < (3, 11))"

rem cmd cannot be in a folder of the network (\\server\share); pushd gives it a drive letter.
pushd "%HERE%"
if errorlevel 1 goto nofolder
if not exist "%HERE%run.py" goto notwhole
echo Starting bulkops ...

rem Explorer puts quotes only round names with a blank. Without them, what follows an ampersand in a name is a command:
rem cmd would carry it out when this file comes back, so every end here is exit, which does not; and a name that brings
rem one in here is put into quotes again, where delayed expansion keeps it from being read as part of a line.
set "COUNT=0"
set "ODD="
goto look

:look
set "ONE=%~1"
if not defined ONE goto looked
set /a COUNT+=1
set "FILE%COUNT%=%~1"
if not "%ONE:&=%"=="%ONE%" set "ODD=1"
shift
goto look

:looked

rem Each is asked something: without an argument the stand-in for Python that Windows brings would open the Store.
rem Each is named with its .exe: from a .cmd or .bat of that name this file would never be come back to.
"%HERE%.venv\Scripts\python.exe" -I -c "import _tkinter; %NEW%" >nul 2>nul
if errorlevel 0 if not errorlevel 1 goto run_own
py.exe -3 -I -c "import _tkinter; %NEW%" >nul 2>nul
if errorlevel 0 if not errorlevel 1 goto run_py
python.exe -I -c "import _tkinter; %NEW%" >nul 2>nul
if errorlevel 0 if not errorlevel 1 goto run_python

py.exe -3 -I -c "%NEW%" >nul 2>nul
if errorlevel 0 if not errorlevel 1 goto nowindow
python.exe -I -c "%NEW%" >nul 2>nul
if errorlevel 0 if not errorlevel 1 goto nowindow
goto nopython

:run_own
set "PYTHON=own"
if defined ODD goto odd
"%HERE%.venv\Scripts\python.exe" "%HERE%run.py" desktop %*
goto ended

:run_py
set "PYTHON=py"
if defined ODD goto odd
py.exe -3 "%HERE%run.py" desktop %*
goto ended

:run_python
set "PYTHON=python"
if defined ODD goto odd
python.exe "%HERE%run.py" desktop %*
goto ended

:odd
setlocal EnableDelayedExpansion
set "FILES="
set "AT=0"
goto more

:more
set /a AT+=1
set FILES=!FILES! "!FILE%AT%!"
if not "%AT%"=="%COUNT%" goto more
if "%PYTHON%"=="own" goto odd_own
if "%PYTHON%"=="py" goto odd_py
python.exe "!HERE!run.py" desktop!FILES!
goto ended

:odd_own
"!HERE!.venv\Scripts\python.exe" "!HERE!run.py" desktop!FILES!
goto ended

:odd_py
py.exe -3 "!HERE!run.py" desktop!FILES!
goto ended

:ended
if not errorlevel 0 goto stopped
if errorlevel 1 goto stopped
popd
exit 0

:nopython
echo.
echo bulkops needs Python 3.11 or newer, and none was found on this computer.
echo Ask IT for it, or install Python 3.13 from python.org for yourself: no administrator rights are needed.
echo Where Python's own install manager is there: py install 3.13
echo Then start bulkops again.
goto stopped

:nowindow
echo.
echo The Python on this computer cannot show windows: its part tcl/tk is missing.
echo Start Python's installer again, choose Modify, and tick tcl/tk. Then start bulkops again.
goto stopped

:notwhole
echo.
echo bulkops is not whole here: run.py is missing beside this file.
echo If you opened a zip file, first choose Extract all; then start bulkops from the new folder.
goto stopped

:nofolder
echo.
echo This folder cannot be reached: "%HERE%"
echo Copy the whole folder of bulkops to your own computer, then start it from there.
pause
exit 2

:stopped
echo.
pause
popd
exit 2

#!/bin/sh
# Mac: double-click to start bulkops. The Terminal shows the set-up of the first start.
at=$0
while [ -L "$at" ]; do
    to=$(readlink "$at")
    case $to in
        /*) at=$to ;;
        *) at=$(dirname "$at")/$to ;;
    esac
done
/bin/sh "$(dirname "$at")/start-bulkops.sh" "$@" || exit
echo "bulkops is open. This window may be closed."

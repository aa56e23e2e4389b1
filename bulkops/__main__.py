"""``python -m bulkops``."""

from bulkops.cli import main

if __name__ == "__main__":
    main()

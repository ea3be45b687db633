"""The console script. It loads the rest itself, so that Ctrl-C ends it quietly at any moment."""

import os
import sys


def main() -> None:
    try:
        from harness.commands import main as cli
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.stderr.flush()
        os._exit(130)
    cli.main()


if __name__ == "__main__":
    main()

"""The console script. It loads the rest itself, so that Ctrl-C, or whatever else asks it to end, ends it quietly at any
moment."""

import os
import signal
from types import FrameType


def _end(_number: int, _frame: FrameType | None) -> None:
    os.write(2, b"Interrupted.\n")
    os._exit(130)


def main() -> None:
    # Until the command line has handlers of its own there is nothing to tidy up.
    asking = [
        each for each in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP) if signal.getsignal(each) != signal.SIG_IGN
    ]
    before = {number: signal.signal(number, _end) for number in asking}
    try:
        try:
            from harness.commands import main as cli
        except KeyboardInterrupt:
            _end(signal.SIGINT, None)
        cli.main()
    finally:  # whoever called this from Python goes on
        for number, handler in before.items():
            if handler is not None:
                signal.signal(number, handler)


if __name__ == "__main__":
    main()

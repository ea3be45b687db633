"""How a patch writes the lines that it adds: each behind a plus sign, all of them counted in the hunk's header."""

from __future__ import annotations

from dataclasses import dataclass

from mutator.model import Counted, Edit, Unwritable, Window
from mutator.spelling.window import Parent
from mutator.unified_diff import Hunk


@dataclass(frozen=True, slots=True)
class Added(Counted):
    """Within the added lines of one hunk."""

    start: int
    """Of the numbers behind the header's plus sign."""
    end: int
    line: int
    count: int
    noted: bool
    """A line end is missing somewhere, of which a note tells: no line may come or go."""

    @classmethod
    def to(cls, hunk: Hunk) -> Added:
        start, end, count = hunk.new
        return cls(start, end, hunk.new_line, count, any(line.mark == "\\" for line in hunk.lines))

    def __call__(self, window: Window, edit: Edit) -> str:
        text, new = window.text, edit.new
        more = new.count("\n") - text.count("\n", edit.start, edit.end)
        if "\r" in new or (self.noted and (more or "\n" in new)):
            raise Unwritable("the lines of this hunk cannot be counted anew")
        if self.count + more < 1:
            raise Unwritable("nothing would be left of the hunk")
        spelled = new.replace("\n", "\n+")
        if not self._last(window, edit.end) or edit.end == 0 or text[edit.end - 1] != "\n":
            return spelled
        # What follows the last added line has a mark of its own, and no plus sign.
        if edit.start == edit.end:
            if not new.endswith("\n"):
                raise Unwritable("would join a line that is not added")
            return "+" + spelled.removesuffix("+")
        if new and not new.endswith("\n"):
            raise Unwritable("would join a line that is not added")
        if not new and edit.start > 0 and text[edit.start - 1] != "\n":
            raise Unwritable("would join a line that is not added")
        return spelled.removesuffix("+")

    def _last(self, window: Window, position: int) -> bool:
        """Whether the added lines end there."""
        if position == len(window.text):
            return True
        return window.seam(position) and any(start == position and one != self for start, one in window.zones)

    def reach(self, parent: Parent, edit: Edit) -> Edit:
        """With the count of lines in the header where that changes."""
        more = edit.new.count("\n") - parent.text.count("\n", edit.start, edit.end)
        if not more:
            return edit
        if not edit.new and parent.text[edit.end - 1] == "\n" and parent.text[edit.start - 1] == "+":
            edit = Edit(edit.start - 1, edit.end, "")  # the first line's mark goes with the lines
        between = parent.text[self.end : edit.start]
        return Edit(self.start, edit.end, f"{self.line},{self.count + more}{between}{edit.new}")

"""What an operator is told: what, where, why, and what to do now. Never what a register says."""

from __future__ import annotations


class SetupError(Exception):
    """Something that a person has to put right before the service can do what was asked."""

    def __init__(self, what: str, *, where: str = "", why: str = "", do: str = "") -> None:
        super().__init__(what)
        self.what, self.where, self.why, self.do = what, where, why, do

    def __str__(self) -> str:
        told = (("where", self.where), ("why", self.why), ("do", self.do))
        return "\n".join([self.what, *(f"  {name + ':':<6} {text}" for name, text in told if text)])

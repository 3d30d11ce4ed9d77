"""What is done to a tenant's stack, from "something may be left of an earlier command" to "this is what changed"."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from honseki.engine import operation, recover, retained, state
from honseki.engine.binary import Engine
from honseki.engine.cloud import Account
from honseki.engine.operation import Done, Interrupts, OnStep, Stack
from honseki.engine.release import release
from honseki.errors import RefusedError
from honseki.settings import Settings
from infra.model import Municipality

Say = Callable[[str], None]


@dataclass(frozen=True)
class Tenant:
    """One municipality's stack in one cloud, ready to be worked on."""

    settings: Settings
    engine: Engine
    municipality: Municipality
    cloud_env: Mapping[str, str]
    interrupts: Interrupts = field(default_factory=Interrupts)

    @property
    def stack(self) -> Stack:
        """The stack behind it."""
        return Stack(self.settings, self.engine, self.municipality.code, self.cloud_env)

    @property
    def account(self) -> Account:
        """Clients in the municipality's account."""
        return Account(self.settings, self.municipality, self.cloud_env)

    def exists(self) -> bool:
        """Whether the stack was ever made."""
        return state.deployment(self.settings, self.stack.name, self.engine) is not None

    def preview(self, *, refresh: bool, save_plan: Path | None, say: Say, on_step: OnStep | None = None) -> Done:
        """What `up` would do; with `save_plan`, written down so that exactly that can be applied later."""
        flags = operation.save_plan_flags(save_plan) if save_plan else ()
        existed = self.exists()
        try:
            return self._program("preview", flags, refresh=refresh, say=say, on_step=on_step)
        finally:
            # The engine previews existing stacks only; a plan for a new tenant must not leave one behind.
            if not existed:
                self.stack.cli("stack", "rm", "--yes", check=False)

    def up(self, *, refresh: bool, plan: Path | None, say: Say, on_step: OnStep | None = None) -> Done:
        """Bring the cloud to what is declared. With `refresh`, what was changed by hand is seen and undone."""
        flags = operation.use_plan_flags(plan) if plan else ()
        return self._program("up", flags, refresh=refresh, say=say, on_step=on_step)

    def drift(self, *, say: Say, on_step: OnStep | None = None) -> Done:
        """What the cloud says now against what was deployed. Writes nothing."""
        recover.settle(self.stack, self._find, say)
        return operation.check(self._run("drift", (), on_step))

    def destroy(self, *, say: Say, on_step: OnStep | None = None) -> Done:
        """Delete the tenant. Raises `RefusedError` while it holds retained logs or backups; nothing is touched then."""
        refresh = recover.settle(self.stack, self._find, say)
        self.refuse_if_held()
        # Stores and keys are protected against a bare `pulumi destroy`; this command has looked into them.
        self.stack.cli("state", "unprotect", "--all", "--yes")
        release(self._recorded(), self.account.client)
        flags = ("--refresh",) if refresh else ()
        done = operation.check(self._run("destroy", flags, on_step))
        self.stack.cli("stack", "rm", "--yes")
        return done

    def refuse_if_held(self) -> None:
        """Raise `RefusedError` if any store of the tenant holds what has to be kept."""
        kept = retained.held(self._recorded(), self.account.client, datetime.datetime.now(datetime.UTC))
        if kept:
            lines = [
                f"{one.name} ({one.region}): {one.what}" + (f", until {one.until}" if one.until else "") for one in kept
            ]
            raise RefusedError(
                f"{self.municipality.name} ({self.municipality.code}) holds what must be kept; nothing was destroyed",
                where=", ".join(one.urn for one in kept),
                why="; ".join(lines),
                do="keep the tenant until then; to take it out of service, remove its lines with the carrier instead",
            )

    def _program(
        self, kind: operation.Kind, flags: Sequence[str], *, refresh: bool, say: Say, on_step: OnStep | None
    ) -> Done:
        stack = self.stack
        refresh = recover.settle(stack, self._find, say) or refresh
        if self.settings.local_state is not None and not self.exists():
            stack.init()
        arguments = (*flags, "--refresh") if refresh else tuple(flags)
        done = self._run(kind, arguments, on_step)
        if operation.needs_init(done):
            stack.init()
            done = self._run(kind, arguments, on_step)
        return operation.check(done)

    def _recorded(self) -> list[dict[str, Any]]:
        return state.resources(state.deployment(self.settings, self.stack.name, self.engine))

    def _run(self, kind: operation.Kind, flags: Sequence[str], on_step: OnStep | None) -> Done:
        return operation.run(self.stack, kind, flags=flags, on_step=on_step, interrupts=self.interrupts)

    def _find(self, token: str, region: str, inputs: Mapping[str, Any], known: set[str]) -> list[str]:
        from honseki.aws_types import catalog  # noqa: PLC0415  botocore's models; only after a kill

        account = self.account
        place = region or self.municipality.placement.primary.region
        return list(catalog.get(token).find(account.clients(place), dict(inputs), known))

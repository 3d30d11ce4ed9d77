"""The region's memory: which accounts are loaded, who may call, and when what changed is durable."""

from __future__ import annotations

import dataclasses
import datetime
import threading
import time
from typing import TYPE_CHECKING

from moto.iam.models import iam_backends
from moto.s3.models import s3_backends
from moto.sts.models import sts_backends

from honseki.rehearsal.region import faults, pickles
from honseki.rehearsal.region.calls import Call
from honseki.rehearsal.region.issues import OPERATOR_ACCOUNT, OPERATOR_KEY
from honseki.rehearsal.region.store import MAIN, OBJECTS, AccountImage, Key, Store

if TYPE_CHECKING:
    from collections.abc import Iterable

_touched = threading.local()


def touch(account: str) -> None:
    """Say that the request being served changes `account` too (beside the caller's own)."""
    _touched.accounts.add(account)


class NotDurableError(Exception):
    """A change was undone because it couldn't be stored."""


@dataclasses.dataclass(eq=False)
class Change:
    """A request's change on its way to the file."""

    what: set[tuple[str, str]]
    """Accounts and parts."""
    done: bool = False
    error: Exception | None = None

    def has(self, account: str) -> bool:
        """True if it is a change of `account`."""
        return any(changed == account for changed, _ in self.what)


class State:
    """All accounts of the region. `lock` serialises requests: moto's backends aren't made for threads."""

    def __init__(self, store: Store) -> None:
        pickles.prepare()
        self.lock = threading.RLock()
        self._store = store
        self.blocks = store.blocks
        self._stored = set(store.accounts())
        self._loaded: set[str] = set()
        self._keys = {key.id: key for key in store.access_keys()}
        self._commit_lock = threading.Lock()
        self._waiting: list[Change] = []
        self._saving: list[Change] = []
        s3_backends.bucket_accounts.update((name, ("aws", owner)) for name, owner in store.buckets().items())

    # --- who is calling

    def account_of(self, call: Call) -> str:
        """The account that signed `call`. Unknown keys, wrong session tokens and ended sessions are AWS's errors."""
        if call.access_key == OPERATOR_KEY:
            return OPERATOR_ACCOUNT
        key = self._keys.get(call.access_key)
        if key is None or key.token != call.token:
            raise faults.unknown_key(call)
        if key.expires is not None and key.expires < time.time():
            raise faults.expired(call)
        return key.account

    def exists(self, account: str) -> bool:
        """True for the operator's account and for every account that was issued."""
        return account == OPERATOR_ACCOUNT or account in self._stored or account in self._loaded

    def accounts(self) -> list[str]:
        """Every account that was issued."""
        return sorted((self._stored | self._loaded) - {OPERATOR_ACCOUNT})

    # --- memory

    def ensure(self, account: str) -> None:
        """Bring an account into memory. Call it with `lock` held."""
        if account in self._loaded:
            return
        self._loaded.add(account)  # before reading: accounts may refer to each other
        try:
            for part in self._store.load(account) if account in self._stored else []:
                pickles.read(account, part, self.ensure)
        except BaseException:
            self._loaded.discard(account)
            raise

    def _capture(self, account: str, part: str) -> AccountImage:
        """A part of the account as bytes. Call it with `lock` held."""
        content = pickles.write(account, part)
        pickles.verify(content)  # an answer is kept only if it can be read again
        if part == OBJECTS:
            owned = tuple(name for name, (_, owner) in s3_backends.bucket_accounts.items() if owner == account)
            return AccountImage(account, part, content, buckets=owned)
        keys = _keys_of(account)
        for old in [k for k in self._keys.values() if k.account == account]:
            del self._keys[old.id]
        self._keys.update((key.id, key) for key in keys)
        return AccountImage(account, part, content, keys)

    # --- durability

    def begin(self) -> None:
        """Start collecting what this thread's request touches."""
        _touched.accounts = set()

    def changed(self, account: str, parts: Iterable[str] = (MAIN,)) -> Change:
        """Say that `parts` of `account`, and the accounts touched since `begin`, may have changed. `lock` is held."""
        change = Change({(account, part) for part in parts} | {(other, MAIN) for other in _touched.accounts})
        self._waiting.append(change)
        return change

    def commit(self, change: Change) -> None:
        """Make a change durable. Returns when it is. Call it *without* `lock`.

        Requests that wait here at the same time share one transaction (group commit). If an account can't be written,
        it goes back to what was durable, and every change that is lost by that raises here.
        """
        with self._commit_lock:
            if not change.done:
                self._commit_waiting()
        if change.error is not None:
            raise change.error

    def _commit_waiting(self) -> None:
        with self.lock:
            self._saving, self._waiting = self._waiting, []
            images = []
            for account, part in sorted(set().union(*(c.what for c in self._saving))):
                try:
                    images.append(self._capture(account, part))
                except Exception as error:  # whatever an object of moto's raises when it is pickled
                    self._forget(account)
                    for lost in (c for c in self._saving if c.has(account)):
                        lost.error = NotDurableError(f"account {account} can't be stored: {error}")
                    images = [image for image in images if image.account != account]
        try:
            self._store.save(images)
        except BaseException:
            with self.lock:
                self._waiting = self._saving + self._waiting  # whoever commits next tries again
                self._saving = []
            raise
        with self.lock:
            self._stored |= {image.account for image in images}
            for change in self._saving:
                change.done = True
            self._saving = []

    def undo(self, account: str) -> None:
        """After a request that broke midway: back to what is durable, unless changes are on their way. Needs `lock`."""
        if not any(change.has(account) for change in [*self._waiting, *self._saving]):
            self._forget(account)

    def _forget(self, account: str) -> None:
        """Drop an account from memory; it is read again when it is asked for."""
        for backends in pickles.registered():
            backends.pop(account, None)
        self._loaded.discard(account)
        known = s3_backends.bucket_accounts
        for name in [name for name, (_, owner) in known.items() if owner == account]:
            del known[name]
        known.update((name, ("aws", owner)) for name, owner in self._store.buckets().items() if owner == account)

    def reset(self) -> None:
        """Forget everything, in memory and in the file."""
        with self._commit_lock, self.lock:
            for backends in pickles.registered():
                backends.clear()
            self._loaded.clear()
            self._stored.clear()
            self._keys.clear()
            s3_backends.bucket_accounts.clear()
            self._store.clear()

    def close(self) -> None:
        """Wait for what is under way, then close the file."""
        with self._commit_lock, self.lock:
            self._store.close()


def _keys_of(account: str) -> tuple[Key, ...]:
    """The access keys that an account holds: of its IAM users, and of the sessions of its roles."""
    keys: dict[str, Key] = {}
    if account in iam_backends:
        for partition in iam_backends[account].values():
            keys |= {
                k: Key(k, account, "", None)
                for k, v in partition.access_keys.items()
                if v.user_name is not None and v.status == "Active"
            }
    if account in sts_backends:
        for sessions in sts_backends[account].values():
            for role in sessions.assumed_roles:
                ends = role.expiration.replace(tzinfo=datetime.UTC).timestamp()  # moto's times are naive UTC
                keys[role.access_key_id] = Key(role.access_key_id, account, role.session_token, ends)
    return tuple(keys.values())

"""A clinic's table of codes: which display code stands for which of its own patients, therapists and courses, the same from one load to the next.

Goals and ruptures are in no table: their code is a keyed hash, whose key is in here. What was forgotten leaves its display code, never to be drawn again,
and a keyed hash by which a later file that still holds it is recognised. The table is kept sealed and outside the store (`process.intake.codes.folder`).

Two things more that no store may hold are remembered here: when each course of an export with calendar dates began (`process.intake.codes.remembered`), so
that a later part of that export counts its days from there, and the exact day that each delivery was complete up to, where a policy of quarters keeps less.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from process.errors import StoreProblem
from process.intake.codes.drawing import COURSE, KINDS, PATIENT, THERAPIST, draw
from process.intake.codes.remembered import ANY, Kept, Starts

VERSION = 3
READ = (1, 2, 3)
"""Versions of the sealed table that this release reads: version 1 knows of no saves, no store and no starts yet, version 2 has one set of starts."""
TOKENS_KEPT = 1000
"""Saves whose tokens a table remembers: ten years of a weekly load that saves twice. Convention."""
DELIVERIES_KEPT = 40
"""Deliveries whose day is remembered: twice as many as a store may keep generations."""
_CARRIED = (PATIENT.name, THERAPIST.name)
HASH_BYTES = 8
"""Of a goal's or rupture's code: with ten million of them, two are alike once in 370,000 clinics (birthday bound)."""


@dataclass
class SheetSeal:
    """What a therapist's key sheet is sealed with, and what it holds: `salt` and `key` in hexadecimal; `holds` a hash of its content, "" = not written yet.

    `n`: scrypt's cost when the key was made of the passphrase.
    """

    passphrase: str = field(repr=False)
    salt: str
    key: str = field(repr=False)
    holds: str = ""
    n: int = 2**10


@dataclass
class Codes:
    """The table, in memory. `displays`: kind → own code → display code; `carried`: course → (patient, therapist), all display codes.

    `tokens`: a random word for each time the table was saved, the last one last, by which a copy that went its own way is told from this one; `store`: the
    folder of the store that was last loaded under it; `delivered`: token → the day up to which the records were complete that were published with it.
    """

    table: str
    secret: bytes = field(repr=False)
    revision: int = 0
    displays: dict[str, dict[str, str]] = field(default_factory=lambda: {kind: {} for kind in KINDS}, repr=False)
    carried: dict[str, tuple[str, str]] = field(default_factory=dict, repr=False)
    retired: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS}, repr=False)
    forgotten: dict[str, list[str]] = field(default_factory=lambda: {kind: [] for kind in KINDS}, repr=False)
    sheets: dict[str, SheetSeal] = field(default_factory=dict, repr=False)
    tokens: list[str] = field(default_factory=list)
    store: str = ""
    delivered: dict[str, str] = field(default_factory=dict)
    begun: Kept = field(default_factory=Kept, repr=False)

    @property
    def starts(self) -> Starts:
        """When the courses of the latest load began; nothing where it said nothing."""
        return next(reversed(self.begun.sets.values()), Starts())

    @classmethod
    def new(cls) -> Codes:
        """An empty table with a random name of 16 hexadecimal digits and a random key for hashes."""
        return cls(secrets.token_hex(8), secrets.token_bytes(32))

    def known(self, kind: str, own: Iterable[str]) -> dict[str, str]:
        """Display codes of those own codes that have one."""
        here = self.displays[kind]
        return {code: here[code] for code in own if code in here}

    def given(self, kind: str, own: Sequence[str], kept: bool = True) -> dict[str, str]:
        """A display code for each own code, new ones drawn where there is none; with `kept=False` new ones are not entered into the table."""
        here = self.displays[kind]
        new = list(dict.fromkeys(code for code in own if code not in here))
        if new:
            taken = set(here.values()).union(self.retired[kind], here, new)  # nor a code that the clinic itself uses: nobody shall take one for the other
            drawn = dict(zip(new, draw(KINDS[kind], len(new), taken, len(here) + len(new)), strict=True))
            if kept:
                here |= drawn
            return {code: drawn.get(code) or here[code] for code in own}
        return {code: here[code] for code in own}

    def hashed(self, kind: str, own: Sequence[str]) -> dict[str, str]:
        """A code of 16 hexadecimal digits for each own code, the same in every load; `StoreProblem` should two be alike."""
        keyed = hashlib.blake2b(key=self.secret, digest_size=HASH_BYTES, person=kind.encode())
        found = {}
        for code in own:
            one = keyed.copy()
            one.update(code.encode())
            found[code] = one.hexdigest()
        if len(set(found.values())) != len(found):
            raise StoreProblem(f"Two {kind} codes of this load have the same hash. Nothing was loaded. Rename one of the two in the export.")
        return found

    def is_forgotten(self, kind: str, own: Sequence[str]) -> set[str]:
        """Those own codes that were forgotten."""
        if not self.forgotten[kind]:
            return set()
        hashes = set(self.forgotten[kind])
        return {code for code, hashed in self.hashed(f"no {kind}", own).items() if hashed in hashes}

    def forget(self, kind: str, display: str) -> bool:
        """Take a display code's entry out, and with a patient every course; False where there is none. The own codes are known again by their hash alone."""
        own = next((own for own, code in self.displays[kind].items() if code == display), None)
        if own is None:
            return False
        if kind == PATIENT.name:
            for course in [course for course, (patient, _) in self.carried.items() if patient == display]:
                self.forget(COURSE.name, course)
        del self.displays[kind][own]
        self.carried.pop(display, None)
        self.begun.forget(display)
        self.retired[kind].append(display)
        self.forgotten[kind].append(self.hashed(f"no {kind}", [own])[own])
        return True

    def renew(self, as_of: str = "") -> None:
        """Note that the table is about to be written: a new revision, under a token of its own. `as_of`: of records that are published with it."""
        self.revision += 1
        self.tokens = [*self.tokens, secrets.token_hex(8)][-TOKENS_KEPT:]
        if as_of:
            self.delivered = dict([*self.delivered.items(), (self.tokens[-1], as_of)][-DELIVERIES_KEPT:])

    def caseloads(self) -> dict[str, list[tuple[str, str, str, str]]]:
        """For every therapist, by display code, their courses: course and patient as displayed, course and patient as the clinic knows them."""
        courses = {display: own for own, display in self.displays[COURSE.name].items()}
        patients = {display: own for own, display in self.displays[PATIENT.name].items()}
        found: dict[str, list[tuple[str, str, str, str]]] = {display: [] for display in self.displays[THERAPIST.name].values()}
        for course, (patient, therapist) in sorted(self.carried.items()):
            found[therapist].append((course, patient, courses[course], patients[patient]))
        return found

    def as_bytes(self) -> bytes:
        """The table as it is sealed: JSON, its long lists as one text each, a code a line (no code holds a line break)."""
        lists = {f"own {kind}": here for kind, here in self.displays.items()}
        lists |= {f"displayed {kind}": here.values() for kind, here in self.displays.items()}
        lists |= {"carried": self.carried}
        lists |= {f"carried {part}": [pair[at] for pair in self.carried.values()] for at, part in enumerate(_CARRIED)}
        lists |= self.begun.lists()
        small = {name: getattr(self, name) for name in ("table", "revision", "retired", "forgotten", "tokens", "store", "delivered")}
        small |= {"begun": {token: starts.since for token, starts in self.begun.sets.items()}}
        content = small | {"version": VERSION, "secret": self.secret.hex(), "sheets": {name: vars(seal) for name, seal in self.sheets.items()}}
        return json.dumps(content | {"lists": {name: "\n".join(entries) for name, entries in lists.items()}}).encode()

    @classmethod
    def from_bytes(cls, content: bytes) -> Codes:
        """The table that `as_bytes` gave. `StoreProblem` for one of a later release."""
        fields = json.loads(content)
        if (version := fields.pop("version")) not in READ:
            raise StoreProblem("The table of codes was written by a later release. Install that release, or a later one.")
        lists = {name: entries.split("\n") if entries else [] for name, entries in fields.pop("lists").items()}
        fields["secret"] = bytes.fromhex(fields["secret"])
        fields["displays"] = {kind: dict(zip(lists[f"own {kind}"], lists[f"displayed {kind}"], strict=True)) for kind in KINDS}
        pairs = zip(*(lists[f"carried {part}"] for part in _CARRIED), strict=True)
        fields["carried"] = dict(zip(lists["carried"], pairs, strict=True))
        earlier = Starts.from_lists(fields.pop("starts", ""), lists)
        fields["begun"] = Kept.from_lists(fields.get("begun", {}), lists) if version > 2 else Kept({ANY: earlier} if earlier.since else {})
        fields["sheets"] = {therapist: SheetSeal(**seal) for therapist, seal in fields["sheets"].items()}
        return cls(**fields)

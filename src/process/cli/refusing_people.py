"""Whom the table of people cannot take (`SettingWrong`): nobody's name, somebody's already, courses that are another's or that the store does not have."""

from __future__ import annotations

from pathlib import Path

from process.errors import SettingWrong, did_you_mean
from process.people import Person
from process.people.person import refuse_user, shown
from process.store import DuckDBEngine, current
from process.store.unlocking import hand_in_file


def known(user: str, found: dict[str, Person]) -> Person:
    """That person of the table."""
    if user not in found:
        hint = did_you_mean(shown(user), found) if found else "The table is empty."
        raise SettingWrong(f"`{shown(user)}` is not in the table of people. {hint}")
    return found[user]


def refuse_taken(user: str, found: dict[str, Person]) -> None:
    """Refuse a user name that nobody can have, or somebody has."""
    refuse_user(user)
    same = next((other for other in found if other.casefold() == user.casefold()), None)
    if same is not None:
        raise SettingWrong(f"`{same}` is in the table of people already. To change them: `people role`, `people name`, `people password`.")


def refuse_shared(person: Person, found: dict[str, Person]) -> None:
    """One caseload is one person's: whoever stands in for a therapist supervises them."""
    for other in found.values():
        if person.therapist and other.therapist == person.therapist and other.user != person.user:
            raise SettingWrong(f"These courses are `{other.user}`'s already. Who stands in is a supervisor: `--role supervisor --supervises CODE`.")


def refuse_unknown(person: Person, store: Path | None, key: Path | None) -> None:
    """Refuse a code that the store does not have: a slip would show nothing, or another therapist's courses."""
    codes = [*([person.therapist] if person.therapist else []), *person.supervises]
    if not codes:
        return
    if store is None:
        raise SettingWrong("The therapists' codes are looked up in the store. Say which: `--store STORE`.")
    hand_in_file(key)
    with DuckDBEngine.open(current(store)) as engine:
        known = engine.query("select distinct therapist_id from courses order by therapist_id")["therapist_id"].tolist()
    for code in codes:
        if code not in known:
            hint = did_you_mean(code, known) if known else "It has no courses."
            raise SettingWrong(f"Store {store} has no courses of a therapist `{code}`. {hint} All of them: `therapy-process codes list {store}`.")

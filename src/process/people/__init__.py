"""The server's own table of people: who may sign in, as whom they see what, and their passwords. Nothing of it ever comes from a request."""

from process.people.made_up import MadeUp
from process.people.people import Directory, People, TableUnreadable
from process.people.person import Person
from process.people.place import people_file

__all__ = ["Directory", "MadeUp", "People", "Person", "TableUnreadable", "people_file"]

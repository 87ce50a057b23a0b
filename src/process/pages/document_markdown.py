"""A document as Markdown, one file. A link to a page of the server is written as its address, because there is no server behind a file."""

from __future__ import annotations

from process.pages.document import Block, Bullets, Code, Formula, Link, Paragraph, Piece, Rows, Section, Text, Written, pieces

DEEPEST = 3


def text(document: Section) -> str:
    """The whole file."""
    lines: list[str] = []
    for level, section in document.walk():
        if level > 1:
            lines += [f'<a id="{section.anchor}"></a>', ""]
        lines += [f"{'#' * min(level, 6)} {section.title}", ""]
        for block in section.blocks:
            lines += [*_block(block), ""]
        if level == 1:
            lines += [*_contents(document), ""]
    return "\n".join(lines).rstrip("\n") + "\n"


def _contents(document: Section) -> list[str]:
    return [f"{'  ' * (level - 2)}- [{section.short or section.title}](#{section.anchor})" for level, section in document.walk() if 1 < level <= DEEPEST]


def _block(block: Block) -> list[str]:
    match block:
        case Paragraph():
            lead = f"**{block.lead}** " if block.lead else ""
            return [f"{'> ' if block.mark else ''}{lead}{_text(block.text)}"]
        case Bullets():
            return [f"- {_text(item)}" for item in block.items]
        case Formula():
            return ["```text", *block.lines, "```"]
        case Code():
            return [f"{block.name}:", "", "```sql", *block.text.splitlines(), "```"]
        case Rows():
            heads = ["| " + " | ".join(block.heads) + " |", "|" + " --- |" * len(block.heads)]
            return [f"{block.caption}:", "", *heads, *("| " + " | ".join(_text(cell).replace("|", "\\|") for cell in row) + " |" for row in block.rows)]

        case Written():
            return [block.markdown]


def _text(text: Text) -> str:
    return "".join(_piece(piece) for piece in pieces(text))


def _piece(piece: Piece) -> str:
    if isinstance(piece, Link):
        return f"{piece.text} (`{piece.address}`)" if piece.address.startswith("/") else f"[{piece.text}]({piece.address})"
    return piece.replace("<", "&lt;").replace("\n", " ").replace("*", "\\*")

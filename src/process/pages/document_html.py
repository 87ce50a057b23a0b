"""A document as HTML: headings with anchors, a table of contents, tables that scroll on a phone. Every text is escaped; there is no script in it."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from markdown_it import MarkdownIt

from process.pages.document import Block, Bullets, Code, Formula, Link, Paragraph, Piece, Rows, Section, Text, Written, pieces

Address = Callable[[str], str]
"""From a link's address to what stands in `href`; empty where it leads nowhere on this server."""


def contents(document: Section, deepest: int = 3) -> str:
    """The table of contents: nested lists of links down to that level of heading."""
    return _listed(document, 2, deepest)


def body(document: Section, address: Address) -> str:
    """Everything under the first heading; sections of the second level are landmarks with their heading's name."""
    parts = [_block(block, address) for block in document.blocks]
    return "\n".join([*parts, *(_section(section, 2, address) for section in document.sections)])


def _listed(section: Section, level: int, deepest: int) -> str:
    items = []
    for inner in section.sections:
        below = _listed(inner, level + 1, deepest) if level < deepest and inner.sections else ""
        items.append(f'<li><a href="#{escape(inner.anchor)}">{escape(inner.short or inner.title)}</a>{below}</li>')
    return f"<ul>{''.join(items)}</ul>" if items else ""


def _section(section: Section, level: int, address: Address) -> str:
    heading = min(level, 6)
    anchor = escape(section.anchor)
    parts = [_block(block, address) for block in section.blocks] + [_section(inner, level + 1, address) for inner in section.sections]
    title = f'<h{heading} id="{anchor}"><a href="#{anchor}">{escape(section.title)}</a></h{heading}>'
    inside = "\n".join([title, *parts])
    return f'<section class="level{level}" aria-labelledby="{anchor}">\n{inside}\n</section>' if level <= 3 else inside


def _block(block: Block, address: Address) -> str:
    match block:
        case Paragraph():
            lead = f"<b>{escape(block.lead)}</b> " if block.lead else ""
            return f"<p{' class=mark' if block.mark else ''}>{lead}{_text(block.text, address)}</p>"
        case Bullets():
            return f"<ul>{''.join(f'<li>{_text(item, address)}</li>' for item in block.items)}</ul>"
        case Formula():
            return f'<pre class="formula">{escape(chr(10).join(block.lines))}</pre>'
        case Code():
            return f'<details><summary>{escape(block.name)}</summary><pre tabindex="0">{escape(block.text)}</pre></details>'
        case Rows():
            return _table(block, address)
        case Written():
            return _written(block)


def _table(block: Rows, address: Address) -> str:
    heads = "".join(f"<th scope=col>{escape(head)}</th>" for head in block.heads)
    rows = "".join(
        "<tr>"
        + "".join(f"<{'th scope=row' if not place else 'td'}>{_text(cell, address)}</{'th' if not place else 'td'}>" for place, cell in enumerate(row))
        + "</tr>"
        for row in block.rows
    )
    label = escape(block.caption, quote=True)
    return (
        f'<div class="table" role="region" aria-label="{label}" tabindex="0"><table><caption>{escape(block.caption)}</caption>'
        f"{f'<thead><tr>{heads}</tr></thead>' if any(block.heads) else ''}<tbody>{rows}</tbody></table></div>"
    )


def _written(block: Written) -> str:
    """A file without its title: headings below the section's own, links as text, because other files are not served, and tables that scroll."""
    text = re.sub(r"<!--.*?-->|^# [^\n]*", "", block.markdown, flags=re.DOTALL | re.MULTILINE)
    text = re.sub(r"^(#+ )", r"#\1", re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", text), flags=re.MULTILINE)
    region = f'<div class="table" role="region" aria-label="{escape(block.caption, quote=True)}" tabindex="0"><table>'
    return MarkdownIt("commonmark", {"html": False}).enable("table").render(text).replace("<table>", region).replace("</table>", "</table></div>")


def _text(text: Text, address: Address) -> str:
    return "".join(_piece(piece, address) for piece in pieces(text))


def _piece(piece: Piece, address: Address) -> str:
    if isinstance(piece, Link):
        leads = piece.address if piece.address.startswith("#") else address(piece.address)
        return f'<a href="{escape(leads)}">{escape(piece.text)}</a>' if leads else escape(piece.text)
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(piece))

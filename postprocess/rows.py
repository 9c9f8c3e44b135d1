"""Pairs of a name and words, as text and as a table for a notebook."""

import html

LEFT = "style='text-align:left'"


def as_text(title, rows):
    """A title and a line for each pair.

    Args:
        title: in words.
        rows: pairs of a name and what is said of it.
    """
    return "\n".join([title, *(f"  {name:<32}{words}" for name, words in rows)])


def as_html(title, rows):
    """As `as_text`, a bold title and a table."""
    body = "".join(
        f"<tr><th {LEFT}>{html.escape(name)}</th><td {LEFT}>{html.escape(words)}</td></tr>"
        for name, words in rows
    )
    return f"<b>{html.escape(title)}</b><table>{body}</table>"


def begun(rows):
    """The same pairs with names that begin with a capital letter."""
    return [(name[:1].upper() + name[1:], words) for name, words in rows]

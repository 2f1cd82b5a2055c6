"""Formulas as MathML, which browsers draw themselves: no script, and no server that has one."""

from typing import Any

from docutils import nodes
from latex2mathml.converter import convert
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.math import get_node_equation_number


def write_inline(writer: Any, node: nodes.math) -> None:
    """Write a formula in a line."""
    writer.body.append(_markup(node, "inline"))
    raise nodes.SkipNode


def write_block(writer: Any, node: nodes.math_block) -> None:
    """Write a formula of its own line, with its number if it has one."""
    writer.body.append(writer.starttag(node, "div", CLASS="math"))
    if node["number"]:
        number = get_node_equation_number(writer, node)
        writer.body.append(f'<span class="eqno">({number})</span>')
    writer.body.append(f"{_markup(node, 'block')}</div>\n")
    raise nodes.SkipNode


def _markup(node: nodes.Element, display: str) -> str:
    try:
        return str(convert(node.astext(), display=display))
    except Exception as error:  # of any kind: its parser has no class of its own
        raise ExtensionError(f"This formula can't be drawn: {node.astext()}: {error}") from error


def setup(app: Sphinx) -> dict[str, Any]:
    """Add the renderer."""
    app.add_html_math_renderer(
        "mathml", inline_renderers=(write_inline, None), block_renderers=(write_block, None)
    )
    return {"parallel_read_safe": True, "parallel_write_safe": True}

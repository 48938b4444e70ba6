"""`earful mcp`: read-only tools for agents."""

from __future__ import annotations

import click

from earful.app import App, utc_now


@click.command("mcp")
@click.option("--http", is_flag=True, help="Serve over HTTP; else over stdin and stdout.")
@click.option("--host", default="127.0.0.1", show_default=True, help="The address, with --http.")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=8003, show_default=True,
    help="The port, with --http.",
)  # fmt: skip
@click.pass_obj
def mcp(app: App, http: bool, host: str, port: int) -> int:
    """Serve read-only tools for agents over MCP.

    An agent's program starts `earful mcp` itself and speaks to it over stdin and stdout. With
    --http it is served at an address; beyond this machine only if EARFUL_MCP_TOKEN is set, which
    each request must then bring as a bearer token.
    """
    from alerts.messages.page_links import Links
    from earful.agents.mcp_server import mcp_server, serve_http, serve_stdio
    from earful.agents.tools import Tools

    # What is wrong with the store is told now, and not to the first agent that asks.
    app.open_store(readonly=True).close()
    links = Links(app.settings.serve.public_url)
    server = mcp_server(Tools(app.store_path.absolute(), links, utc_now))
    if not http:
        serve_stdio(server)
        return 0
    serve_http(
        server,
        host,
        port,
        app.secrets.earful_mcp_token,
        ready=lambda url: click.echo(f"tools for agents at {url} (Ctrl-C ends them)"),
    )
    return 0

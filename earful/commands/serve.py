"""`earful serve`: the dashboards."""

from __future__ import annotations

import click

from earful.app import App


@click.command()
@click.option("--host", help="The address to serve at.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="The port.  [default: 8001]")
@click.pass_obj
def serve(app: App, host: str | None, port: int | None) -> int:
    """Serve the dashboards of the store, read-only."""
    from earful.pages.web_server import serve as serve_pages

    wanted = app.settings.serve
    serve_pages(
        app.store_path,
        host or wanted.host,
        wanted.port if port is None else port,
        ready=lambda url: click.echo(f"dashboards at {url} (Ctrl-C ends them)"),
    )
    return 0

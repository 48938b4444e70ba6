"""`earful serve`: the dashboards."""

from __future__ import annotations

import click

from earful.app import App


@click.command()
@click.option("--host", help="The address to serve at.  [default: 127.0.0.1]")
@click.option("--port", type=click.IntRange(0, 65535), help="The port.  [default: 8001]")
@click.option(
    "--hash-password",
    is_flag=True,
    help="Ask for a password and print its hash, for [[serve.accounts]]; serves nothing.",
)
@click.pass_obj
def serve(app: App, host: str | None, port: int | None, hash_password: bool) -> int:
    """Serve the dashboards of the store.

    At 127.0.0.1 whoever uses this machine may read. With [[serve.accounts]] in the config people
    sign in, and only then can they be served at an address that others can reach.
    """
    if hash_password:
        from earful.pages.passwords import hash_password as hashed

        password = click.prompt(
            "Password", hide_input=True, confirmation_prompt=True, err=True, type=str
        )
        click.echo(hashed(password))
        return 0
    from earful.pages.dashboards import Dashboards

    wanted = app.settings.serve.model_copy(
        update={
            name: value for name, value in (("host", host), ("port", port)) if value is not None
        }
    )
    store = app.settings.store.model_copy(update={"path": app.store_path})
    settings = app.settings.model_copy(update={"serve": wanted, "store": store})
    Dashboards(settings).serve(
        lambda url: click.echo(f"dashboards at {url} (Ctrl-C ends them)"),
        lambda trouble: click.echo(trouble, err=True),
    )
    return 0

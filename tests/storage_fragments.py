"""Fragments of Confluence's storage format."""


def macro(name: str, body: str = "", /, *, plain: str | None = None, **parameters: str) -> str:
    settings_of = "".join(f'<ac:parameter ac:name="{key}">{value}</ac:parameter>' for key, value in parameters.items())
    inside = f"<ac:rich-text-body>{body}</ac:rich-text-body>" if body else ""
    if plain is not None:
        inside = f"<ac:plain-text-body><![CDATA[{plain}]]></ac:plain-text-body>"
    return f'<ac:structured-macro ac:name="{name}" ac:schema-version="1">{settings_of}{inside}</ac:structured-macro>'


def task(state: str, body: str) -> str:
    return (
        f"<ac:task><ac:task-id>7</ac:task-id><ac:task-status>{state}</ac:task-status>"
        f"<ac:task-body>{body}</ac:task-body></ac:task>"
    )

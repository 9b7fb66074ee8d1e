from comptoir.kernel.errors import Invalid


class BadGs1Key(Invalid):
    """A GS1 key is misread or mistyped: its form, its length or its check digit is wrong."""

    code = "rfid.bad_key"

"""The documents of the simulated WireServer."""

VERSIONS = (
    b'<?xml version="1.0" encoding="utf-8"?><Versions><Preferred><Version>2015-04-05</Version>'
    b"</Preferred><Supported><Version>2015-04-05</Version><Version>2012-11-30</Version>"
    b"</Supported></Versions>"
)

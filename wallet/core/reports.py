"""What Django would put into an error page or a mail: where it failed, nothing of request, settings or locals."""

from django.utils.html import escape
from django.utils.safestring import SafeString
from django.views.debug import ExceptionReporter

from wallet.core import crashes


class FrameReporter(ExceptionReporter):
    """`DEFAULT_EXCEPTION_REPORTER`; DEBUG is never on, this stands behind it."""

    def get_traceback_text(self) -> SafeString:
        """Classes, files and lines."""
        return SafeString("" if self.exc_value is None else crashes.text_of(self.exc_value))

    def get_traceback_html(self) -> SafeString:
        """The same, as a page."""
        return SafeString(f"<pre>{escape(str(self.get_traceback_text()))}</pre>")

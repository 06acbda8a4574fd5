"""The interactive 3-D player: a dance packed for the browser, the WebGL viewer in ``web/``, and the page around it.

``pack_dance`` makes the one file that a player shows; ``write_player_html`` puts it with the viewer into an HTML file
that opens from disk; :func:`app.player.component.dance_player` shows it in a Gradio page. Nothing is fetched.
"""

from app.player.pack import pack_dance
from app.player.page_file import player_page, write_player_html
from app.player.sound import encode_sound

__all__ = ["encode_sound", "pack_dance", "player_page", "write_player_html"]

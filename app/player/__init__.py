"""The interactive 3-D player: a dance packed for the browser, the WebGL viewer in ``web/``, and the page around it.

:func:`app.player.pack.pack_dance` makes the one file that a player shows;
:func:`app.player.page_file.write_player_html` puts it with the viewer into an HTML file that opens from disk;
:func:`app.player.component.dance_player` shows it in a Gradio page. Nothing is fetched.
"""

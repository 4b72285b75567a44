"""Looking, as time passes, for what nobody says by itself: duties that fall due, and what the installation lacks."""

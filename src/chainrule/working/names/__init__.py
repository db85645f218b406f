"""What courses call the quantities of a working, and which quantity a written name means."""

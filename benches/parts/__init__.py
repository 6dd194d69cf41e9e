"""The parts of scripts/bench: each measures one thing and gives back Markdown."""

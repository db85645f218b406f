"""Workings lowered to text, Markdown, LaTeX, HTML, JSON, PDF and PyTorch; nothing here computes."""

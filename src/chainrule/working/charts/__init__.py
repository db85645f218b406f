"""Charts: numbers from the engines and the catalogues, drawn as SVG, HTML or by matplotlib."""

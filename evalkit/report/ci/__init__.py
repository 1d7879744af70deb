"""What CI platforms read of a run: JUnit files, Markdown summaries, annotations, SARIF."""

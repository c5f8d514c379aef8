"""The explorer. Textual alone: it shows what the layers below compute, and sends them what the user wants."""

"""Parts of the options, read and checked; `config` puts them together."""

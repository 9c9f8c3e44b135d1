"""TOML to frozen records: settings, messages, template."""

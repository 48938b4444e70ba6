"""The pages that `earful serve` opens on: the home page, lists of mentions, one mention."""

"""What people do in Slack, carried out on the store: one module a matter, joined in `dispatch`."""

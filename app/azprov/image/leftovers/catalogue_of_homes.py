"""The table of files in homes that every VM of an image would share: histories and secrets.

A file of one more program is one more line here.
"""

import re

# Only with these does a file of settings hold a secret. JSON of docker and podman; npm; PyPI and
# pip with a password in an address; MySQL; Maven and Composer.
_REGISTRY_LOGIN = re.compile(rb'"(?:auth|identitytoken|registrytoken|password)"\s?:\s?"[^"]')
_NPM_LOGIN = re.compile(rb"_auth|_password|[Tt]oken")
_PASSWORD = re.compile(rb"[Pp]ass(?:w(?:or)?d)?")
_ADDRESS_WITH_PASSWORD = re.compile(rb"://[^\s/@:]{0,200}:[^\s/@]{1,200}@")
# RFC 7468, and the keys of PuTTY.
_PRIVATE_KEY = re.compile(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY-----|\APuTTY-User-Key-File-")

_CONFIGURATION = "/.config"
_REGISTRIES = "passwords of container registries"
_SAVED = "saved passwords"
_TOKENS = "tokens"

#: The rule, a description, a folder, patterns of names, and what the first 64 KiB of a file
#: contain if it is one (None: every such file is).
IN_HOMES = (
    (
        "histories",
        "history",
        "",
        (".*_history", ".histfile", ".zhistory", ".lesshst", ".viminfo", ".wget-hsts"),
        None,
    ),
    ("histories", "history", "/.local/share/fish", ("fish_history*",), None),
    ("histories", "history", "/.local/state/bash", ("history",), None),
    ("histories", "history", "/.local/state/zsh", ("history",), None),
    ("histories", "history", "/.local/state", ("lesshst",), None),
    ("histories", "history", "/.local/state/nvim/shada", ("*.shada",), None),
    ("histories", "history", "/.local/share/nano", ("search_history",), None),
    ("histories", "history", "/.local/share/mc", ("history", "filepos"), None),
    (
        "histories",
        "history",
        "/.local/share/powershell/PSReadLine",
        ("ConsoleHost_history.txt",),
        None,
    ),
    ("private-keys", "SSH key or known hosts", "/.ssh", ("id_*", "*.pem", "known_hosts*"), None),
    ("private-keys", "SSH key", "/.ssh", ("*",), _PRIVATE_KEY),
    ("private-keys", "GPG keys", "/.gnupg/private-keys-v1.d", ("*.key",), None),
    ("private-keys", "GPG keys", "/.gnupg", ("secring.gpg",), None),
    (
        "private-keys",
        _SAVED,
        "",
        (
            ".netrc",
            ".git-credentials",
            ".pgpass",
            ".mylogin.cnf",
            ".vault-token",
            ".smbcredentials",
        ),
        None,
    ),
    ("private-keys", _SAVED, f"{_CONFIGURATION}/git", ("credentials",), None),
    ("private-keys", _SAVED, "", (".my.cnf", ".fetchmailrc", ".msmtprc", ".s3cfg"), _PASSWORD),
    ("private-keys", _TOKENS, "", (".npmrc",), _NPM_LOGIN),
    ("private-keys", _TOKENS, "", (".pypirc",), _PASSWORD),
    ("private-keys", _SAVED, f"{_CONFIGURATION}/pip", ("pip.conf",), _ADDRESS_WITH_PASSWORD),
    ("private-keys", _SAVED, "/.pip", ("pip.conf",), _ADDRESS_WITH_PASSWORD),
    ("private-keys", _SAVED, "/.m2", ("settings.xml", "settings-security.xml"), _PASSWORD),
    ("private-keys", _TOKENS, f"{_CONFIGURATION}/gh", ("hosts.yml",), None),
    ("private-keys", _TOKENS, f"{_CONFIGURATION}/glab-cli", ("config.yml",), None),
    ("private-keys", _TOKENS, f"{_CONFIGURATION}/hub", ("*",), None),
    ("private-keys", _TOKENS, f"{_CONFIGURATION}/rclone", ("rclone.conf",), None),
    ("private-keys", _TOKENS, f"{_CONFIGURATION}/composer", ("auth.json",), None),
    ("private-keys", _TOKENS, "/.composer", ("auth.json",), None),
    ("private-keys", _TOKENS, "/.cargo", ("credentials", "credentials.toml"), None),
    ("private-keys", _TOKENS, "/.gem", ("credentials",), None),
    ("private-keys", _TOKENS, "/.terraform.d", ("credentials.tfrc.json",), None),
    ("private-keys", _TOKENS, "/.ansible", ("galaxy_token",), None),
    (
        "private-keys",
        "Google Cloud tokens",
        f"{_CONFIGURATION}/gcloud",
        ("credentials.db", "access_tokens.db", "application_default_credentials.json"),
        None,
    ),
    ("private-keys", "AWS keys", "/.aws", ("credentials",), None),
    ("private-keys", "AWS tokens", "/.aws/sso/cache", ("*.json",), None),
    ("private-keys", "AWS tokens", "/.aws/cli/cache", ("*.json",), None),
    (
        "private-keys",
        "Azure tokens",
        "/.azure",
        ("msal_token_cache*", "service_principal_entries*", "accessTokens.json"),
        None,
    ),
    ("private-keys", _REGISTRIES, "/.docker", ("config.json",), _REGISTRY_LOGIN),
    (
        "private-keys",
        _REGISTRIES,
        f"{_CONFIGURATION}/containers",
        ("auth.json",),
        _REGISTRY_LOGIN,
    ),
    ("private-keys", _REGISTRIES, f"{_CONFIGURATION}/helm/registry", ("config.json",), None),
    ("private-keys", "keys of Kubernetes clusters", "/.kube", ("config",), None),
    ("private-keys", "password of VNC", "/.vnc", ("passwd",), None),
)

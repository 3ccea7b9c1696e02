"""Files that hold secrets by their name: excluded unless the user says otherwise, in gitignore syntax.

A name alone decides, whatever its case; a copy that an editor or a careful user makes (`.env~`, `id_rsa.bak`) is what
it is a copy of. A line that ends with a slash means a folder with all that is in it, wherever
it lies; any other means a file: a source folder may well be called `credentials`. What is only an example is not meant.
"""

from __future__ import annotations

COPY_SUFFIXES = ("~", ".bak", ".backup", ".old", ".orig", ".save", ".swp", ".tmp")

SECRETS = """
id_rsa[-_]*
id_dsa[-_]*
id_ecdsa[-_]*
id_ed25519[-_]*
!id_*.*
*.env
.env
.env.*
.env-*
.env_*
.envrc
.envrc.*
.dev.vars
!.env.example
!.env.sample
!.env.template
!.env.dist
!.env.defaults
!.env-example
!.env_example
*.pem
*.key
*.p8
*.p12
*.pfx
*.jks
*.keystore
*.kdbx
*.ppk
*.gpg
*.pgp
*.ovpn
id_rsa
id_dsa
id_ecdsa
id_ed25519
.ssh/
.gnupg/
.aws/
.azure/
.kube/
**/.docker/config.json
.dockercfg
**/gcloud/credentials.db
**/gh/hosts.yml
**/.git/config
**/.m2/settings.xml
**/.vscode/sftp.json
.ftpconfig
.s3cfg
.boto
.databrickscfg
.terraformrc
rclone.conf
kubeconfig
*.kubeconfig
.netrc
_netrc
.pgpass
.my.cnf
.npmrc
.yarnrc.yml
.pypirc
.git-credentials
.htpasswd
.vault-token
.vault_pass*
.Renviron
credentials
credentials.csv
credentials.db
credentials.ini
credentials.toml
credentials.txt
credentials.xml
credentials.yaml
credentials.yml
*credentials*.json
client_secret*.json
service-account*.json
service_account*.json
*firebase-adminsdk*.json
local.settings.json
keystore.properties
.secrets.*
secrets.json
secrets.toml
secrets.yaml
secrets.yml
secrets.ini
secrets.env
*.secret
*.secrets
*.tfvars
*.tfvars.json
*.tfstate
*.tfstate.backup
.*_history
"""

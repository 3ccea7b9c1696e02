"""Files that hold secrets by their name: excluded unless the user says otherwise, in gitignore syntax.

A name alone decides, whatever its case. A line that ends with a slash means a folder with all that is in it, wherever
it lies; any other means a file: a source folder may well be called `credentials`. What is only an example is not meant.
"""

from __future__ import annotations

SECRETS = """
*.env
.env
.env.*
.envrc
.dev.vars
!.env.example
!.env.sample
!.env.template
!.env.dist
!.env.defaults
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
id_ecdsa_sk
id_ed25519
id_ed25519_sk
.ssh/
.gnupg/
.aws/
.azure/
.kube/
**/.docker/config.json
**/gcloud/credentials.db
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

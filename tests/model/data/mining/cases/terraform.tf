# where the pictures of the shop are kept
resource "aws_s3_bucket" "pictures" {
  bucket = "shop-pictures"

  # customers may look at them without a login
  acl = "public-read"

  // old versions are of no use after a month
  lifecycle_rule {
    enabled = true
    expiration {
      days = 30
    }
  }
}

/* how many servers answer
   at the same time */
variable "servers" {
  type    = number
  default = 3 # enough for a quiet week
}

locals {
  # names of all servers, with the region in front
  names = [for i in range(var.servers) : "${var.region}-${i}"]
  tags = {
    # bills are split by this tag
    team = "shop"
  }
}

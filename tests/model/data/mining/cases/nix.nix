{ lib, stdenv, fetchurl, doc ? true }:

let
  # the last version that builds without a network
  version = "2.4.1";

  /* Names of all packages that are free,
     in alphabetical order. */
  freeNames = packages:
    map (p: p.name) (builtins.filter (p: p.free) packages);

  # Add a prefix to each of some names.
  prefixed = prefix: names: map (name: prefix + name) names;
in
stdenv.mkDerivation {
  pname = "cart";
  inherit version;

  # the server is slow, so a mirror comes first
  src = fetchurl {
    urls = [ "mirror://cart/cart-${version}.tar.gz" ];
    sha256 = lib.fakeSha256;
  };

  buildInputs = [
    # only needed for the pages of the manual
    asciidoc
    zlib # for the archive
  ];

  postInstall = ''
    # links for programs that look for the old name
    ln -s cart $out/bin/oldcart
  '';

  # tests need a display, which builders have not
  doCheck = false;
}

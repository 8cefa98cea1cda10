#ifndef BREAKWATER_ASSETS_H
#define BREAKWATER_ASSETS_H

#include <stddef.h>

/// A file that travels inside the binary.
struct breakwater_asset {
  /// Path below the repository, e.g. `console/index.html`.
  const char *path;
  const unsigned char *bytes;
  size_t length;
};

/// All embedded files; `*count` is set to their number.
const struct breakwater_asset *breakwater_assets(size_t *count);

#endif

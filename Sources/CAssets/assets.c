// Made by scripts/embed: the files that travel inside the binary.
#include "assets.h"

#pragma clang diagnostic ignored "-Wc23-extensions"

static const unsigned char asset_0[] = {
#embed "../../Sources/CAssets/data/bars/AAPL.csv" suffix(, )
0};
static const unsigned char asset_1[] = {
#embed "../../Sources/CAssets/data/bars/GOOG.csv" suffix(, )
0};
static const unsigned char asset_2[] = {
#embed "../../Sources/CAssets/data/bars/IBM.csv" suffix(, )
0};
static const unsigned char asset_3[] = {
#embed "../../Sources/CAssets/data/bars/MSFT.csv" suffix(, )
0};
static const unsigned char asset_4[] = {
#embed "../../console/index.html" suffix(, )
0};

static const struct breakwater_asset assets[] = {
  {"bars/AAPL.csv", asset_0, sizeof(asset_0) - 1},
  {"bars/GOOG.csv", asset_1, sizeof(asset_1) - 1},
  {"bars/IBM.csv", asset_2, sizeof(asset_2) - 1},
  {"bars/MSFT.csv", asset_3, sizeof(asset_3) - 1},
  {"console/index.html", asset_4, sizeof(asset_4) - 1},
};

const struct breakwater_asset *breakwater_assets(size_t *count) {
  *count = sizeof(assets) / sizeof(assets[0]);
  return assets;
}

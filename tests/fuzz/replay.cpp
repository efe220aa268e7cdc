// SPDX-License-Identifier: BSD-3-Clause
// Runs a fuzz target without a fuzzer: each input of a corpus, then inputs that a seeded mutator makes from
// them, always the same ones. Usage: TARGET CORPUS-FOLDER [MUTATIONS]. A failure aborts. If
// ASTRAL_REPLAY_KEEP is set, each input is written to the file replay-crash in the working folder before it
// runs.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size);

namespace {

using Input = std::vector<std::uint8_t>;
constexpr std::size_t max_input = 64 * 1024;  // bytes; no target needs more to reach its last state

void run(const Input &input) {
  if (std::getenv("ASTRAL_REPLAY_KEEP") != nullptr) {
    std::ofstream file("replay-crash", std::ios::binary);
    file.write(reinterpret_cast<const char *>(input.data()), static_cast<std::streamsize>(input.size()));
  }
  // A buffer of exactly this size, so that a sanitizer sees a read beyond its end.
  const std::vector<std::uint8_t> exact(input.begin(), input.end());
  LLVMFuzzerTestOneInput(exact.data(), exact.size());
}

class Mutator {
 public:
  Mutator(const std::vector<Input> &corpus, std::uint64_t seed) : corpus_(corpus), random_(seed) {}

  Input next() {
    Input input = corpus_[below(corpus_.size())];
    for (std::size_t count = 1 + below(6); count > 0; --count) mutate(input);
    input.resize(std::min(input.size(), max_input));
    return input;
  }

 private:
  std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
  std::ptrdiff_t at(const Input &input) { return static_cast<std::ptrdiff_t>(below(input.size() + 1)); }
  std::uint8_t interesting() {
    static constexpr std::uint8_t values[] = {0,    1,    2,    3,    0x3F, 0x40, 0x7F,
                                              0x80, 0xBF, 0xC0, 0xF0, 0xFE, 0xFF};
    return below(2) == 0 ? values[below(std::size(values))] : static_cast<std::uint8_t>(below(256));
  }

  void mutate(Input &input) {
    if (input.empty()) return input.push_back(interesting());
    const std::size_t place = below(input.size());
    switch (below(6)) {
      case 0:
        input[place] = interesting();
        break;
      case 1:
        input[place] = static_cast<std::uint8_t>(input[place] ^ (1u << below(8)));
        break;
      case 2:
        input.insert(input.begin() + at(input), 1 + below(4), interesting());
        break;
      case 3:
        input.erase(
            input.begin() + static_cast<std::ptrdiff_t>(place),
            input.begin() + static_cast<std::ptrdiff_t>(std::min(input.size(), place + 1 + below(8))));
        break;
      case 4: {  // a piece of another input
        const Input &other = corpus_[below(corpus_.size())];
        if (other.empty()) break;
        const std::size_t from = below(other.size());
        const std::size_t size = std::min(other.size() - from, 1 + below(64));
        const auto first = other.begin() + static_cast<std::ptrdiff_t>(from);
        input.insert(input.begin() + at(input), first, first + static_cast<std::ptrdiff_t>(size));
        break;
      }
      default:
        input.resize(place);
        break;
    }
  }

  const std::vector<Input> &corpus_;
  std::mt19937_64 random_;
};

}  // namespace

int main(int argc, char **argv) {
  if (argc < 2) {
    std::fprintf(stderr, "usage: %s CORPUS-FOLDER [MUTATIONS]\n", argv[0]);
    return 2;
  }
  std::vector<std::filesystem::path> files;
  for (const auto &entry : std::filesystem::directory_iterator(argv[1])) files.push_back(entry.path());
  std::sort(files.begin(), files.end());
  std::vector<Input> corpus;
  for (const auto &path : files) {
    std::ifstream file(path, std::ios::binary);
    corpus.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  if (corpus.empty()) {
    std::fprintf(stderr, "no input in %s\n", argv[1]);
    return 2;
  }
  for (const Input &input : corpus) run(input);
  const unsigned long mutations = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 20000;
  Mutator mutator(corpus, 1);
  for (unsigned long i = 0; i < mutations; ++i) run(mutator.next());
  std::printf("%zu inputs, %lu mutations\n", corpus.size(), mutations);
  return 0;
}

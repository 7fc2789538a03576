// What a peer written in C++ needs of the contract in bench/rpc/README.md: its arguments, its laps, what it prints.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <iostream>
#include <string>
#include <vector>

namespace contract {

using Clock = std::chrono::steady_clock;

[[noreturn]] inline void Fail(const std::string& why) {
  std::cerr << "error: " << why << std::endl;
  std::_Exit(1);
}

struct Peer {
  bool server = false;
  std::string address;
  size_t payload = 32;
  int in_flight = 1;
  double seconds = 1;

  static Peer FromArgs(int argc, char** argv) {
    if (argc < 3) Fail("expected `server ADDRESS` or `client ADDRESS`, and options");
    Peer peer;
    peer.server = std::string(argv[1]) == "server";
    peer.address = argv[2];
    for (int at = 3; at + 1 < argc; at += 2) {
      const std::string option = argv[at], value = argv[at + 1];
      if (option == "--payload") peer.payload = std::stoul(value);
      if (option == "--in-flight") peer.in_flight = std::stoi(value);
      if (option == "--seconds") peer.seconds = std::stod(value);
    }
    return peer;
  }
};

// Says how far it is, and waits for a line.
inline void HandOver(const char* word) {
  std::string line;
  std::cout << word << std::endl;
  if (!std::getline(std::cin, line)) Fail("the driver is gone");
}

// A lap makes calls until the moment it is given, and answers with the nanoseconds that each took.
template <typename Lap>
void Laps(const Peer& peer, Lap lap) {
  const auto after = [](double seconds) {
    return Clock::now() + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
  };
  lap(after(peer.seconds / 4));
  HandOver("ready");
  const auto start = Clock::now();
  std::vector<int64_t> nanos = lap(after(peer.seconds));
  const double elapsed = std::chrono::duration<double>(Clock::now() - start).count();
  // The driver reads the clocks of both processes before anything is sorted.
  HandOver("done");
  if (nanos.empty()) Fail("not one call was made");
  std::sort(nanos.begin(), nanos.end());
  const auto at = [&](size_t share) { return static_cast<double>(nanos[nanos.size() * share / 100]) / 1e3; };
  std::printf("{\"calls\":%zu,\"seconds\":%f,\"p50_us\":%f,\"p99_us\":%f}\n", nanos.size(), elapsed, at(50), at(99));
  std::fflush(stdout);
}

}  // namespace contract

module nearcall.example/bench/frames

go 1.25.0

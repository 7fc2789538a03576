@0xb6a5c4e8d1f20937;

interface Echo {
  echo @0 (payload :Data) -> (payload :Data);
}

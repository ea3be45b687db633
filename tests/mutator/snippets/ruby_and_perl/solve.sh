#!/bin/bash
cat > /app/report.rb <<'EOF'
require "json"
require "optparse"

RANKS = { "gold" => 3, "silver" => 2 }.freeze
options = { limit: 10 }
OptionParser.new do |parser|
  parser.on("--limit N", Integer) { |n| options[:limit] = n }
  parser.on("--json") { options[:json] = true }
end.parse!

def score(person)
  raise ArgumentError, "no name" unless person["name"]
  return 0 if person["points"].nil? || person["points"] < 0
  person["points"] * RANKS.fetch(person["rank"], 1)
end

people = JSON.parse(File.read("/app/people.json"))
rows = people.map { |person| [score(person), person["name"]] }.sort.reverse.first(options[:limit])
if options[:json] and rows.any?
  puts JSON.generate(rows)
else
  rows.each { |points, name| puts "#{name}: #{points}" }
end
EOF
cat > /app/count.pl <<'EOF'
use strict;
use warnings;
use Getopt::Long;

my $least = 2;
GetOptions("least=i" => \$least) or die "usage\n";
my %seen;
while (my $line = <STDIN>) {
    chomp $line;
    next if $line =~ /^\s*#/;
    foreach my $word (split /\W+/, lc $line) {
        $seen{$word}++ if length($word) > 3;
    }
}
sub rank {
    my ($first, $second) = @_;
    return $seen{$second} <=> $seen{$first} || $first cmp $second;
}
for my $word (sort { rank($a, $b) } keys %seen) {
    print "$word $seen{$word}\n" if $seen{$word} >= $least;
}
EOF
ruby /app/report.rb --json > /app/report.json

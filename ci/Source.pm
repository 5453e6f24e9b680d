# Reading C sources, for the scripts that look at them or change them.
package Source;

use strict;
use warnings;
use Exporter 'import';
use File::Basename;

our @EXPORT = qw(unusable slurp code_of $comment_or_string);

# The last word of a script on its options or input.
sub unusable {
	printf STDERR "ci/%s: %s\n", basename($0), $_[0];
	exit 2;
}

sub slurp {
	my ($file) = @_;
	open my $in, '<', $file or unusable("$file: $!");
	local $/;
	return scalar <$in>;
}

our $comment_or_string = qr{(/\*.*?\*/|//[^\n]*)|("(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*')}s;

# The same length, with comments, and what is inside strings, blanked.
sub code_of {
	my ($text) = @_;
	$text =~ s{$comment_or_string}{
		my $gone = defined $1 ? $1 : $2;
		$gone =~ s/[^\n"']/ /g;
		$gone =~ s/["']/ /g if defined $1;
		$gone;
	}gse;
	return $text;
}

1;

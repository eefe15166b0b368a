"""What follows a default (悔拍后再次处置): the offer to the underbidder, or the rights auctioned again."""

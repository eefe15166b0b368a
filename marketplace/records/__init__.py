"""Records (竞价记录与流拍报告): what happened in an auction, why nothing was sold; made from the journal."""

"""The sections of a report, made from trees and tables."""

"""Gemini's API: generateContent and what belongs to it."""
